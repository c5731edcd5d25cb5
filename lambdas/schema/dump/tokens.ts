/**
 * The lexical rules of PostgreSQL (https://www.postgresql.org/docs/current/sql-syntax-lexical.html), as far as it takes to know where
 * in a text names, literals and comments begin and end. `standard_conforming_strings` is on, as pg_dump sets it.
 */

export type TokenKind =
  /** Keyword or name without quotes. */
  | 'word'
  /** Name in double quotes. */
  | 'name'
  /** String constant of any form. */
  | 'string'
  | 'comment'
  | 'space'
  /** Any other single character. */
  | 'mark';

/** Part of a text, from `start` up to but not including `end`. */
export interface Token {
  readonly kind: TokenKind;
  readonly start: number;
  readonly end: number;
}

const SPACE = /\s+/y;
const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;
const NUMBER = /\d[\w$.]*/y;
const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;

/** The token at `at`, which must lie inside of the text. What is never closed reaches to the end. */
export function tokenAt(sql: string, at: number): Token {
  const token = (kind: TokenKind, end: number): Token => ({ kind, start: at, end });
  const two = sql.slice(at, at + 2);
  if (two === '--') return token('comment', endOfLine(sql, at));
  if (two === '/*') return token('comment', endOfBlockComment(sql, at));
  if (/^[eE]'$/.test(two)) return token('string', endOfEscaped(sql, at + 2));
  if (two.startsWith("'")) return token('string', endOfQuoted(sql, at, "'"));
  if (two.startsWith('"')) return token('name', endOfQuoted(sql, at, '"'));
  const tag = match(DOLLAR_TAG, sql, at);
  if (tag) return token('string', endAfter(sql, tag, at + tag.length));
  const space = match(SPACE, sql, at);
  if (space) return token('space', at + space.length);
  const word = match(WORD, sql, at);
  if (word) return token('word', at + word.length);
  const number = match(NUMBER, sql, at);
  return token('mark', at + (number?.length ?? 1));
}

/** The tokens of a text from `from` on, without spaces and comments. */
export function* meaningful(sql: string, from = 0): Generator<Token> {
  for (let at = from; at < sql.length; ) {
    const token = tokenAt(sql, at);
    if (token.kind !== 'space' && token.kind !== 'comment') yield token;
    at = token.end;
  }
}

function match(pattern: RegExp, sql: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(sql)?.[0];
}

function endAfter(sql: string, text: string, from: number): number {
  const found = sql.indexOf(text, from);
  return found < 0 ? sql.length : found + text.length;
}

function endOfLine(sql: string, at: number): number {
  const found = sql.indexOf('\n', at);
  return found < 0 ? sql.length : found;
}

/** A quote inside is doubled. */
function endOfQuoted(sql: string, at: number, quote: string): number {
  for (let end = endAfter(sql, quote, at + 1); ; end = endAfter(sql, quote, end + 1)) {
    if (sql[end] !== quote) return end;
  }
}

/** Inside of `E'…'` a backslash takes the next character's meaning away. */
function endOfEscaped(sql: string, from: number): number {
  for (let at = from; at < sql.length; at += 1) {
    if (sql[at] === '\\') at += 1;
    else if (sql[at] === "'") {
      if (sql[at + 1] !== "'") return at + 1;
      at += 1;
    }
  }
  return sql.length;
}

/** Block comments nest. */
function endOfBlockComment(sql: string, at: number): number {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = at;
  for (let depth = 0, found = edge.exec(sql); found; found = edge.exec(sql)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  return sql.length;
}
