/** The statements, data and commands of a plain dump, one by one, so that a dump larger than memory can be loaded. Read as psql reads a file. */
import { AtomicBody } from '../../lambdas/schema/dump/statements.ts';
import { type TokenKind, tokenAt } from '../../lambdas/schema/dump/tokens.ts';
import { type Decoder, UTF8 } from './encoding.ts';
import { refuseOtherFormats } from './format.ts';
import { linesOf } from './lines.ts';
import { cannotDo, clientCopy, commandAt, databaseIn, hasNoEffect, includedFile, Variables, wordsIn } from './psql.ts';
import { DumpRefused } from './refused.ts';

interface Piece {
  readonly text: string;
  /** For messages, such as `Line 7 of the dump`. */
  readonly place: string;
}
export type DumpPiece =
  | (Piece & { readonly kind: 'statement' })
  /** `data` must be read to its end before the next piece is asked for; each item is a line with its line feed. */
  | (Piece & { readonly kind: 'copy'; readonly data: AsyncIterable<Buffer> })
  /** A query whose every value is a statement. */
  | (Piece & { readonly kind: 'generate' })
  /** A new session, in the database of this name. */
  | (Piece & { readonly kind: 'connect' })
  /** The encoding of what follows. */
  | (Piece & { readonly kind: 'encoding' });

/** State that a reader of pieces may change while it reads, shared by files that include each other. */
export class Reading {
  readonly variables = new Variables();
  decoder: Decoder = UTF8;
  /** Whether the file said that it ends here. */
  hasQuit = false;
  /** Whether it begins as pg_dump's and has not ended so. A file that is cut off between two statements shows it in no other way. */
  lacksItsEnd = false;

  /** @param line outside of every statement */
  hear(line: string): void {
    if (/^-- PostgreSQL database dump\r?$/.test(line)) this.lacksItsEnd = true;
    else if (/^-- PostgreSQL database dump complete\r?$/.test(line)) this.lacksItsEnd = false;
  }
}

const COPY = /^copy\b[\s\S]*?\bfrom\s+stdin\b(?<options>[\s\S]*)$/i;
const END_OF_DATA = /^\\\.\r?$/;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const MOST_INCLUSIONS = 20;

/** The end that a token waits for which does not end on its line. @param begun its first two characters */
function closerOf(kind: TokenKind, begun: string): string {
  if (kind === 'comment') return '*/';
  if (kind === 'name') return '"';
  return begun.includes("'") ? "'" : '$';
}

/** @throws SyntaxError where the file ends in the middle of a statement or of its data */
export async function* piecesOf(path: string, reading = new Reading(), inclusions = 0): AsyncGenerator<DumpPiece> {
  refuseOtherFormats(path);
  if (inclusions > MOST_INCLUSIONS) throw new DumpRefused(`${path} is included by itself.`);
  const lines = linesOf(path);
  let number = 0;
  const placeOf = (line: number): string => `Line ${line} of ${inclusions === 0 ? 'the dump' : path}`;
  const next = async (): Promise<Buffer | undefined> => {
    const { value, done } = await lines.next();
    number += 1;
    return done ? undefined : value;
  };
  const draft = new Draft(reading.variables);
  let first = 1;
  for (let line = await next(); line && !reading.hasQuit; line = await next()) {
    if (draft.isEmpty) first = number;
    const text = decoded(line, reading.decoder, placeOf(number));
    if (draft.isEmpty) reading.hear(text);
    draft.add(`${text}\n`);
    for (let found = draft.next(); found; found = draft.next()) {
      if (!found.command) yield pieceOf(found.text, placeOf(first), next, reading);
      else yield* obey(found.text, commandAt(found.command), { place: placeOf(number), path, next, reading, inclusions });
      first = number;
    }
  }
  if (draft.hasBegun && !reading.hasQuit) throw new SyntaxError('The dump ends in the middle of a statement.');
}

interface At {
  readonly place: string;
  readonly path: string;
  readonly next: () => Promise<Buffer | undefined>;
  readonly reading: Reading;
  readonly inclusions: number;
}

/** @param buffer the statement that has begun before the command */
async function* obey(buffer: string, command: ReturnType<typeof commandAt>, at: At): AsyncGenerator<DumpPiece> {
  const { place, path, reading } = at;
  const { name, words } = command;
  if (name === 'g' || name === ';') {
    if (buffer !== '') yield pieceOf(buffer, place, at.next, reading);
  } else if (name === 'gexec') yield { kind: 'generate', text: buffer, place };
  else if (name === 'set') reading.variables.set(command);
  else if (name === 'encoding' && words !== '') yield { kind: 'encoding', text: wordsIn(words)[0] ?? '', place };
  else if (name === 'q' || name === 'quit') reading.hasQuit = true;
  else if (name === 'c' || name === 'connect') {
    const database = databaseIn(command);
    if (database !== undefined) yield { kind: 'connect', text: database, place };
  } else if (['i', 'include', 'ir', 'include_relative'].includes(name)) {
    yield* piecesOf(includedFile(command, path), reading, at.inclusions + 1);
    reading.hasQuit = false;
  } else if (name === 'copy') {
    const copy = clientCopy(command, path);
    if (!copy) throw cannotDo(place, command);
    if (copy.file !== undefined) refuseOtherFormats(copy.file);
    const from = copy.file === undefined ? at.next : reader(copy.file);
    yield { kind: 'copy', text: copy.text, place, data: dataOf(copy.text, from, reading, copy.file === undefined) };
  } else if (!hasNoEffect(command)) throw cannotDo(place, command);
}

function reader(path: string): At['next'] {
  const lines = linesOf(path);
  return async () => {
    const { value, done } = await lines.next();
    return done ? undefined : value;
  };
}

function pieceOf(text: string, place: string, next: At['next'], reading: Reading): DumpPiece {
  return COPY.test(text) ? { kind: 'copy', text, place, data: dataOf(text, next, reading, true) } : { kind: 'statement', text, place };
}

/** A line of the text format never ends with a carriage return of its own, which is written `\r` there: one that is there came with the file. */
async function* dataOf(text: string, next: At['next'], reading: Reading, isInScript: boolean): AsyncGenerator<Buffer> {
  const isCsv = /\bcsv\b/i.test(COPY.exec(text)?.groups?.options ?? '');
  for (;;) {
    const line = await next();
    if (!line && !isInScript) return;
    if (!line) throw new SyntaxError('The dump ends in the middle of the data of a COPY.');
    if (line.length <= 3 && END_OF_DATA.test(line.toString('latin1'))) return;
    const kept = !isCsv && line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
    const bytes = reading.decoder === UTF8 ? kept : Buffer.from(decoded(kept, reading.decoder, 'The data of a COPY'));
    yield Buffer.concat([bytes, Buffer.of(LINE_FEED)]);
  }
}

function decoded(bytes: Buffer, decoder: Decoder, place: string): string {
  try {
    return decoder(bytes);
  } catch (error) {
    throw new DumpRefused(`${place} is in another encoding than the dump says. Dump again with --encoding=UTF8.`, { cause: error });
  }
}

/** Text that was read and is not yet a whole statement. */
class Draft {
  readonly #variables: Variables;
  #text = '';
  #at = 0;
  #start: number | undefined;
  #depth = 0;
  #body = new AtomicBody();
  /** Of the token that the text ends in. */
  #waitsFor: string | undefined;

  constructor(variables: Variables) {
    this.#variables = variables;
  }

  get isEmpty(): boolean {
    return this.#text === '';
  }

  /** Whether there is something of a statement, rather than spaces and comments. */
  get hasBegun(): boolean {
    return this.#start !== undefined || this.#waitsFor !== undefined;
  }

  add(line: string): void {
    this.#text += line;
    // A constant of many lines is not read from its beginning again at each.
    if (this.#waitsFor !== undefined && !line.includes(this.#waitsFor)) return;
    this.#waitsFor = undefined;
  }

  /** The next whole statement, or the next command of psql with what stands before it; undefined where more has to be read. */
  next(): { readonly text: string; readonly command?: string } | undefined {
    if (this.#waitsFor !== undefined) return undefined;
    while (this.#at < this.#text.length) {
      const from = this.#at;
      const { kind, end } = tokenAt(this.#text, from);
      const isOpen = end === this.#text.length && (kind === 'string' || kind === 'name' || kind === 'comment');
      if (isOpen) {
        this.#waitsFor = closerOf(kind, this.#text.slice(from, from + 2));
        return undefined;
      }
      this.#at = end;
      if (kind === 'space' || kind === 'comment') continue;
      const text = kind === 'string' ? '' : this.#text.slice(from, end);
      if (text === '\\') return this.#command(from);
      if (text === ';' && this.#depth === 0 && !this.#body.open) return this.#finish(from, end);
      if (text === ':') this.#insertVariable(from);
      this.#start ??= from;
      if (text === '(') this.#depth += 1;
      else if (text === ')') this.#depth = Math.max(0, this.#depth - 1);
      else if (this.#depth === 0) this.#body.hear(kind === 'word' ? text.toLowerCase() : '');
    }
    if (this.#start === undefined) this.#forget(this.#text.length);
    return undefined;
  }

  #finish(end: number, rest: number): { readonly text: string } | undefined {
    const text = this.#start === undefined ? '' : this.#text.slice(this.#start, end).trimEnd();
    this.#forget(rest);
    return text === '' ? this.next() : { text };
  }

  /** Most commands leave the statement that has begun as it is; those that send it take it with them. */
  #command(from: number): { readonly text: string; readonly command: string } {
    const end = this.#text.indexOf('\n', from);
    const command = this.#text.slice(from, end);
    const text = this.#start === undefined ? '' : this.#text.slice(this.#start, from).trimEnd();
    if (/^\\(g|gexec|;|r|reset)\b/.test(command) || command.startsWith('\\;')) this.#forget(command.startsWith('\\;') ? from + 2 : end);
    else {
      this.#text = this.#text.slice(0, from) + this.#text.slice(end);
      this.#at = from;
    }
    return { text, command: command.startsWith('\\;') ? '\\;' : command };
  }

  #insertVariable(from: number): void {
    const isCast = this.#text[from + 1] === ':';
    if (isCast) this.#at += 1;
    const found = isCast ? undefined : this.#variables.at(this.#text.slice(from, from + 100));
    if (!found) return;
    this.#text = this.#text.slice(0, from) + found.value + this.#text.slice(from + found.length);
    this.#at = from + found.value.length;
  }

  #forget(until: number): void {
    this.#text = this.#text.slice(until);
    this.#at = 0;
    this.#start = undefined;
    this.#depth = 0;
    this.#body = new AtomicBody();
  }
}
