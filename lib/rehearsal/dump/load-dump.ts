/** A dump of one's own, loaded into the embedded source as `psql` would load it. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from } from 'pg-copy-streams';
import { type ConnectionSettings, clientConfig } from '../../../lambdas/adapters/connection-settings.ts';
import { type DumpPiece, piecesOf } from './statements.ts';

/** The dump cannot be loaded. The message names the line and the server's complaint. */
export class DumpRefused extends Error {
  override readonly name = 'DumpRefused';
}

export interface DumpOptions {
  readonly path: string;
  readonly source: ConnectionSettings;
  /** Makes a role that a policy of the dump names; dumps hold no roles. */
  createRole(name: string): Promise<void>;
}

/** Statements that say who may do what, or speak of the database as a whole: passed over, as `--no-owner --no-privileges` would. */
const PASSED_OVER = [
  /^alter\s[\s\S]*\sowner\s+to\s/i,
  /^(grant|revoke)\s/i,
  /^alter\s+default\s+privileges\s/i,
  /^(create|alter|drop)\s+(database|publication|subscription)\s/i,
  /^comment\s+on\s+(database|publication|subscription)\s/i,
  /^create\s+schema\s+(if\s+not\s+exists\s+)?"?public"?$/i,
];
const ENCODING = /^set\s+client_encoding\s*(?:=|to)\s*'?([\w-]+)'?$/i;
const MISSING_ROLE = /^role "(.*)" does not exist$/s;
const UNDEFINED_OBJECT = '42704';

/** @returns what was passed over because the embedded server would not take it, for the user to know */
export async function loadDump({ path, source, createRole }: DumpOptions): Promise<string[]> {
  const client = new pg.Client(clientConfig(source, 'rehearsal dump'));
  await client.connect();
  const notes: string[] = [];
  try {
    for await (const piece of piecesOf(path)) {
      if (piece.kind === 'statement' && PASSED_OVER.some((pattern) => pattern.test(piece.text))) continue;
      refuseOtherEncodings(piece);
      try {
        await run(client, piece);
      } catch (error) {
        const role = missingRole(error);
        if (role !== undefined && piece.kind === 'statement') {
          await createRole(role);
          await run(client, piece);
        } else if (mayBeMissed(piece)) notes.push(`${heading(piece)} ${complaintOf(error)}`);
        else throw new DumpRefused(`Line ${piece.line} of the dump was refused: ${heading(piece)} ${complaintOf(error)}`, { cause: error });
      }
    }
    await client.query('reset all; analyze');
    return notes;
  } catch (error) {
    if (error instanceof SyntaxError) throw new DumpRefused(`${error.message} Dump again; the file is not whole.`, { cause: error });
    throw error;
  } finally {
    await client.end();
  }
}

async function run(client: pg.Client, piece: DumpPiece): Promise<void> {
  if (piece.kind === 'statement') await client.query(piece.text);
  else await pipeline(Readable.from(piece.data, { objectMode: false }), client.query(from(piece.text)));
}

function refuseOtherEncodings({ text, line }: DumpPiece): void {
  const encoding = ENCODING.exec(text)?.[1];
  if (encoding === undefined || /^utf-?8$/i.test(encoding)) return;
  throw new DumpRefused(`Line ${line} of the dump asks for the encoding ${encoding}. Dump again with --encoding=UTF8.`);
}

function missingRole(error: unknown): string | undefined {
  if (!(error instanceof pg.DatabaseError) || error.code !== UNDEFINED_OBJECT) return undefined;
  return MISSING_ROLE.exec(error.message)?.[1];
}

/** Settings that the server does not know yet, and extensions that it does not have: what needs them fails by itself. */
const mayBeMissed = ({ text }: DumpPiece): boolean =>
  /^(set\s|create\s+extension\s|comment\s+on\s+(extension|event\s+trigger)\s|create\s+event\s+trigger\s)/i.test(text);

const heading = ({ text }: DumpPiece): string => `${text.slice(0, 80).replaceAll(/\s+/g, ' ')}${text.length > 80 ? '…' : ''}:`;
const complaintOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
