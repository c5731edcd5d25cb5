/** What a plain dump asks for, piece by piece, so that a dump larger than memory can be loaded. */
import { splitDump } from '../../../lambdas/dump/statements.ts';
import { linesOf } from './lines.ts';

export type DumpPiece =
  | { readonly kind: 'statement'; readonly text: string; readonly line: number }
  /** `data` must be read to its end before the next piece is asked for; each item is a line with its line feed. */
  | { readonly kind: 'copy'; readonly text: string; readonly line: number; readonly data: AsyncIterable<Buffer> };

const COPY = /^copy\s[\s\S]*\sfrom\s+stdin\b/i;
const END_OF_DATA = '\\.';
const LINE_FEED = Buffer.from('\n');

/** @throws SyntaxError where the file ends in the middle of a statement or of its data */
export async function* piecesOf(path: string): AsyncGenerator<DumpPiece> {
  const lines = linesOf(path);
  let number = 0;
  let first = 1;
  let draft = '';
  const nextLine = async (): Promise<Buffer | undefined> => {
    const { value, done } = await lines.next();
    number += 1;
    return done ? undefined : value;
  };
  for (let line = await nextLine(); line; line = await nextLine()) {
    if (draft === '') first = number;
    draft += `${line.toString('utf8')}\n`;
    const statements = complete(draft);
    if (!statements) continue;
    draft = '';
    for (const text of statements) {
      if (COPY.test(text)) yield { kind: 'copy', text, line: first, data: dataUntilItsEnd(nextLine) };
      else yield { kind: 'statement', text, line: first };
    }
  }
  if (draft.trim() !== '') for (const { text } of splitDump(draft)) yield { kind: 'statement', text, line: first };
}

/** The statements of a draft that ends where a statement does; undefined where it goes on. Only a semicolon can end one. */
function complete(draft: string): string[] | undefined {
  const isBlank = /^(\s|--.*\n|\\.*\n)*$/.test(draft.slice(0, 10_000));
  if (!isBlank && !/;\s*(--[^\n]*)?\n$/.test(draft.slice(-1_000))) return undefined;
  try {
    return splitDump(draft).map(({ text }) => text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function* dataUntilItsEnd(nextLine: () => Promise<Buffer | undefined>): AsyncGenerator<Buffer> {
  for (;;) {
    const line = await nextLine();
    if (!line) throw new SyntaxError('The dump ends in the middle of the data of a COPY.');
    if (line.toString('latin1') === END_OF_DATA) return;
    yield Buffer.concat([line, LINE_FEED]);
  }
}
