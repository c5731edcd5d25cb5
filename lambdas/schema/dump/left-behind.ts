/** Objects that the target refused and without which the copy goes on, named as the record of the copy keeps them. */
import type { StatementFailed } from '../../config/errors.ts';
import { identifier } from '../../postgres/quote.ts';
import { withCode } from '../../postgres/server-words.ts';
import { INSUFFICIENT_PRIVILEGE } from '../../postgres/sqlstates.ts';
import { type ObjectName, Reader } from './kinds.ts';
import type { DumpStatement } from './statements.ts';

/** Characters of a server's message beside each of many objects. */
const LONGEST_WORDS = 160;

/** Names as the server writes them, quoted where that is needed; operators never are. */
const shown = (name: string): string => (/^(?:[a-z_][a-z0-9_$]*|[+*/<>=~!@#%^&|`?-]+)$/.test(name) ? name : identifier(name));
/**
 * pg_dump quotes every name in the arguments of what it names (`--quote-all-identifiers`), and the server where that is needed, as of its
 * own "char".
 */
const plain = (text: string): string =>
  text.replaceAll(/"([a-z_][a-z0-9_$]*)"/g, (quoted, name: string) => (name === 'char' ? quoted : name));
/** Kinds that have no name of their own, and so are described. */
const DESCRIBED = ['comment', 'cast', 'transform', 'user mapping'];

/** Kind and name, such as `function shop.price(integer)`; from the comment of pg_dump, which knows the arguments of a function. */
export function nameOfObject({ entry, text }: DumpStatement): string {
  if (!entry) return text.split('\n', 1)[0]?.slice(0, LONGEST_WORDS) ?? '';
  const kind = entry.type === 'SHELL TYPE' ? 'type' : entry.type.toLowerCase();
  if (DESCRIBED.includes(kind)) return `${kind} ${plain(entry.name.replace(/^(?:CAST|TRANSFORM|USER MAPPING) /, ''))}`;
  const [, name = entry.name, args = ''] = /^(.*?)(\(.*)$/s.exec(entry.name) ?? [];
  return `${kind} ${entry.schema === '-' ? '' : `${shown(entry.schema)}.`}${shown(name)}${plain(args)}`;
}

const HEADS = ['CREATE OR REPLACE', 'CREATE', 'ALTER', 'COMMENT ON'];
const KINDS = ['TABLE ONLY', 'TABLE', 'VIEW', 'MATERIALIZED VIEW', 'FOREIGN TABLE', 'TYPE', 'DOMAIN', 'COLUMN'];
/** More tokens than these heads have. */
const HEAD_TOKENS = 12;

/** The relation, type or domain that a statement makes or changes. */
function subjectOf(text: string): ObjectName | undefined {
  const sql = new Reader(text, HEAD_TOKENS);
  const head = HEADS.find((words) => sql.has(0, words))?.split(' ').length;
  const kind = head === undefined ? undefined : KINDS.find((words) => sql.has(head, words));
  return head === undefined || kind === undefined ? undefined : sql.qualified(head + kind.split(' ').length).object;
}

const key = ({ schema, name }: ObjectName): string => JSON.stringify([schema, name]);

export class LeftBehind {
  readonly #objects = new Map<string, string>();
  readonly #subjects = new Set<string>();
  readonly #texts = new Map<string, StatementFailed>();

  /** Nothing has stayed behind as a whole. */
  get isEmpty(): boolean {
    return this.#texts.size === 0;
  }

  /** Such as `function shop.price(integer) (permission denied for language c (42501))`. */
  get list(): string[] {
    return [...this.#objects].map(([name, why]) => `${name} (${why})`);
  }

  add(statement: DumpStatement, error: StatementFailed): void {
    const { message, complaint } = error;
    const isComment = statement.text.startsWith('COMMENT ON');
    if (isComment && !this.isEmpty && complaint.code !== INSUFFICIENT_PRIVILEGE) return; // it stays with what it is about
    const subject = isComment ? undefined : subjectOf(statement.text);
    if (subject) this.#subjects.add(key(subject));
    const name = nameOfObject(statement);
    this.#texts.set(statement.text, error);
    if (!this.#objects.has(name)) this.#objects.set(name, withCode(message, complaint.code).slice(0, LONGEST_WORDS));
  }

  /** An object that was made, but without some of what it has on the source. */
  addPart(statement: DumpStatement, without: readonly string[]): void {
    this.#objects.set(nameOfObject(statement), `made without ${without.join(', ')}`);
  }

  /** A relation that was refused, so that nothing can be said of what stands on it. */
  miss({ text }: DumpStatement): void {
    const subject = subjectOf(text);
    if (subject) this.#subjects.add(key(subject));
  }

  /** The reason why this statement itself was passed over; undefined where it was not. */
  reasonOf(text: string): StatementFailed | undefined {
    return this.#texts.get(text);
  }

  hasRelation(schema: string | null, name: string | null): boolean {
    return schema !== null && name !== null && this.#subjects.has(key({ schema, name }));
  }

  /** Whether a statement is about something that has stayed behind as a whole, or was refused. */
  covers(text: string): boolean {
    if (this.#subjects.size === 0 || text.startsWith('CREATE TABLE')) return false;
    const subject = subjectOf(text);
    return subject !== undefined && this.#subjects.has(key(subject));
  }
}

/** pg_dump writes a space between arguments, and the server none. */
const close = (name: string): string => name.replaceAll(', ', ',');
const PART = ' (made without ';

/** Whether the record of a copy says that an object was left behind or made in a lesser form. @param object as `function shop.price(integer)` */
export const isLeftBehind = (leftBehind: readonly string[], object: string): boolean =>
  leftBehind.some((one) => close(one) === close(object) || close(one).startsWith(`${close(object)} (`));

/** The same of one that the target does not have at all. */
export const isMissing = (leftBehind: readonly string[], object: string): boolean =>
  isLeftBehind(
    leftBehind.filter((one) => !one.includes(PART)),
    object,
  );
