/**
 * The rule of `pg_strict`, which a PlanetScale database may have on: an UPDATE or a DELETE without WHERE is refused.
 * https://planetscale.com/docs/postgres/extensions/pg_strict
 */

/** `update … set` and `delete from …`, wherever they stand; neither `on conflict do update set` nor `for update` is one. */
const CHANGE = /\b(?:update\s+(?:only\s+)?(?!set\b)[^\s(;`]+(?:\s+(?:as\s+)?(?!set\b)\w+)?\s+set\b|delete\s+from\b)/gi;

/** Each such statement of a text, to its end. A backtick ends it as well, so the text may be that of a program. */
export function changesIn(text: string): string[] {
  const bare = withoutComments(text);
  return [...bare.matchAll(CHANGE)].map(({ index }) => bare.slice(index, endOf(bare, index)).replace(/\s+/g, ' ').trim());
}

/** Those without WHERE of their own: one inside of parentheses belongs to a subquery. */
export const unboundedIn = (text: string): string[] => changesIn(text).filter((change) => !/\bwhere\b/i.test(atTop(change)));

const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, ' ').replace(/(^|\s)(\/\/|--)[^\n]*/g, '$1');

function endOf(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    const letter = text[at];
    if (letter === "'") at = Math.max(at, text.indexOf("'", at + 1));
    if (letter === '(') depth += 1;
    if (letter === ')') depth -= 1;
    if (depth < 0 || letter === ';' || letter === '`') return at;
  }
  return text.length;
}

function atTop(text: string): string {
  for (let before = text.replace(/'[^']*'/g, ' '); ; ) {
    const after = before.replace(/\([^()]*\)/g, ' ');
    if (after === before) return after;
    before = after;
  }
}
