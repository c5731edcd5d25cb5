/** The object that a statement of the post-data section makes, read from the statement itself: pg_dump's comments can be forged by a name. */
import { meaningful } from './tokens.ts';

/** A name without quotes, and the schema that it was qualified with. */
export interface ObjectName {
  readonly schema: string;
  readonly name: string;
}

/**
 * key, key index  where keys wait for a copy in parts: primary keys, and whatever fills the index of a replica identity
 * key attachment  of such an index of a partition to that of its parent
 * replica identity           that uses an index, which has to be valid by then
 * definition      views, materialized views and functions that had to wait for a key, such as a view that groups by a primary key
 * index, unique, exclusion   whatever fills an index, which is the long work
 * attachment      of a partition's index to that of its parent, and settings of indexes
 * domain check    constraints of domains that were never validated: rows that break them are on the source, and have to be copied before
 * check, foreign key         constraints that read tables, and need the keys that they refer to
 * detail          statistics objects, triggers, rules, policies, comments and the like
 * analyze         so that the planner has statistics of the tables before any query, a materialized view's included
 * refresh         of materialized views, which a schema-only dump leaves empty
 * vacuum          of every table, materialized views included: rows that a copy brought are in no visibility map, without which an
 *                 index-only scan reads the table as well, and the first reader of each page writes it
 * access          owners and grants of what came with `definition`, and in the end of whatever is made after the copy: before a view of another
 *                 owner is refreshed, as whom its query runs
 * event trigger   last, because it would fire on everything above
 */
export type PostDataKind =
  | 'key'
  | 'key index'
  | 'key attachment'
  | 'replica identity'
  | 'definition'
  | 'index'
  | 'unique'
  | 'exclusion'
  | 'attachment'
  | 'domain check'
  | 'check'
  | 'foreign key'
  | 'detail'
  | 'analyze'
  | 'refresh'
  | 'vacuum'
  | 'access'
  | 'late access'
  | 'event trigger';

/** What the stream needs: without a key it applies no UPDATE and no DELETE. In the order in which they are carried out. */
export const KEY_KINDS: readonly PostDataKind[] = ['key', 'key index', 'key attachment', 'replica identity'];
export const isKeyKind = (kind: PostDataKind): boolean => KEY_KINDS.includes(kind);

/** One statement of the post-data section. */
export interface PostDataStatement {
  readonly kind: PostDataKind | 'primary key';
  /** Name of what the statement makes or changes: of the index, constraint, trigger …; empty where it has none. */
  readonly object: string;
  /** The table, view, domain or parent index that it belongs to; undefined where there is none. */
  readonly on: ObjectName | undefined;
  /** For `attachment`, the index that is attached. */
  readonly child?: ObjectName;
  /** For `foreign key`, the table that is referred to, which is locked too. */
  readonly to?: ObjectName;
  readonly text: string;
}

/** The tokens at the head of a statement, by their positions. */
export class Reader {
  readonly #sql: string;
  readonly #tokens: { readonly word: string; readonly name: string | undefined; readonly text: string }[] = [];

  constructor(sql: string, most: number) {
    this.#sql = sql;
    for (const { kind, start, end } of meaningful(sql)) {
      if (this.#tokens.length >= most) break;
      const text = this.#sql.slice(start, end);
      const name = kind === 'word' ? text : kind === 'name' ? text.slice(1, -1).replaceAll('""', '"') : undefined;
      this.#tokens.push({ word: kind === 'word' ? text.toUpperCase() : kind === 'mark' ? text : '', name, text });
    }
  }

  /** Whether keywords stand at a position, one after the other. */
  has(at: number, words: string): boolean {
    return words.split(' ').every((word, offset) => this.#tokens[at + offset]?.word === word);
  }

  /** Position after the first of these keywords, counted from `from`; -1 where there is none. */
  after(word: string, from: number): number {
    const found = this.#tokens.findIndex((token, at) => at >= from && token.word === word);
    return found < 0 ? -1 : found + 1;
  }

  name(at: number): string {
    return this.#tokens[at]?.name ?? '';
  }

  /** `schema.name` or `name` at a position, and the position after it. */
  qualified(at: number): { readonly object: ObjectName; readonly next: number } {
    const first = this.name(at);
    return this.has(at + 1, '.')
      ? { object: { schema: first, name: this.name(at + 2) }, next: at + 3 }
      : { object: { schema: '', name: first }, next: at + 1 };
  }
}

/** More tokens than any head of a statement has; a trigger may list every column of its table before it names it. */
const HEAD_TOKENS = 4_000;

const CONSTRAINTS: readonly (readonly [string, PostDataStatement['kind']])[] = [
  ['PRIMARY KEY', 'primary key'],
  ['UNIQUE', 'unique'],
  ['EXCLUDE', 'exclusion'],
  ['FOREIGN KEY', 'foreign key'],
  ['CHECK', 'check'],
  ['NOT NULL', 'check'],
];

const DEFINED = ['VIEW', 'MATERIALIZED VIEW', 'FUNCTION', 'PROCEDURE', 'AGGREGATE', 'TABLE'];
/** Statements after `CREATE` that name their table after a keyword. */
const ON_TABLE: readonly (readonly [string, string])[] = [
  ['TRIGGER', 'ON'],
  ['CONSTRAINT TRIGGER', 'ON'],
  ['RULE', 'TO'],
  ['POLICY', 'ON'],
];

/** @returns undefined where the statement belongs to no section of post-data by itself, such as `create table` */
export function classify(text: string): PostDataStatement | undefined {
  const sql = new Reader(text, HEAD_TOKENS);
  if (sql.has(0, 'ALTER TABLE')) return alterTable(sql, text);
  if (sql.has(0, 'ALTER INDEX')) return alterIndex(sql, text);
  if (sql.has(0, 'ALTER DOMAIN')) return alterDomain(sql, text);
  if (sql.has(0, 'CREATE INDEX') || sql.has(0, 'CREATE UNIQUE INDEX')) {
    const at = sql.after('INDEX', 0);
    const on = sql.after('ON', at);
    return { kind: 'index', object: sql.name(at), on: sql.qualified(sql.has(on, 'ONLY') ? on + 1 : on).object, text };
  }
  if (sql.has(0, 'CREATE STATISTICS') || sql.has(0, 'ALTER STATISTICS')) {
    const { object } = sql.qualified(2);
    return { kind: 'detail', object: object.name, on: { schema: object.schema, name: '' }, text };
  }
  // A comment on one has to wait for it.
  if (sql.has(0, 'COMMENT ON EVENT TRIGGER')) return { kind: 'event trigger', object: sql.name(4), on: undefined, text };
  if (sql.has(1, 'EVENT TRIGGER')) return { kind: 'event trigger', object: sql.name(3), on: undefined, text };
  for (const [what, keyword] of ON_TABLE) {
    if (!sql.has(0, `CREATE ${what}`)) continue;
    const at = 1 + what.split(' ').length;
    return { kind: 'detail', object: sql.name(at), on: sql.qualified(sql.after(keyword, at + 1)).object, text };
  }
  return undefined;
}

function alterTable(sql: Reader, text: string): PostDataStatement | undefined {
  const { object: on, next } = sql.qualified(sql.has(2, 'ONLY') ? 3 : 2);
  if (sql.has(next, 'ADD CONSTRAINT')) {
    const found = CONSTRAINTS.find(([words]) => sql.has(next + 3, words));
    if (!found) return undefined;
    const named = { kind: found[1], object: sql.name(next + 2), on, text };
    return named.kind === 'foreign key' ? { ...named, to: sql.qualified(sql.after('REFERENCES', next)).object } : named;
  }
  if (sql.has(next, 'REPLICA IDENTITY USING INDEX')) return { kind: 'replica identity', object: sql.name(next + 4), on, text };
  if (sql.has(next, 'CLUSTER ON')) return { kind: 'attachment', object: sql.name(next + 2), on, text };
  if (sql.has(next, 'ENABLE') || sql.has(next, 'DISABLE')) return { kind: 'detail', object: on.name, on, text };
  return undefined;
}

/** pg_dump writes a constraint that is valid into `create domain`, unless it has to wait for something. */
function alterDomain(sql: Reader, text: string): PostDataStatement | undefined {
  const { object: on, next } = sql.qualified(2);
  return sql.has(next, 'ADD CONSTRAINT') ? { kind: 'domain check', object: sql.name(next + 2), on, text } : undefined;
}

function alterIndex(sql: Reader, text: string): PostDataStatement {
  const { object: on, next } = sql.qualified(2);
  if (!sql.has(next, 'ATTACH PARTITION')) return { kind: 'attachment', object: on.name, on, text };
  const { object: child } = sql.qualified(next + 2);
  return { kind: 'attachment', object: child.name, on, child, text };
}

/** The kind of a statement that is no part of post-data by itself, once post-data has begun. */
export function classifyBehindBorder(text: string): PostDataStatement {
  const sql = new Reader(text, HEAD_TOKENS);
  const at = sql.has(1, 'OR REPLACE') ? 3 : 1;
  const what = sql.has(0, 'CREATE') ? DEFINED.find((words) => sql.has(at, words)) : undefined;
  if (!what) return { kind: 'detail', object: '', on: undefined, text };
  const { object } = sql.qualified(at + what.split(' ').length);
  return { kind: 'definition', object: object.name, on: object, text };
}
