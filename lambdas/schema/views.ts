/**
 * Queries from one relation. Before version 16 a server qualifies their columns, `SELECT t.a FROM s.t`; from 16 on only where there are
 * several (https://www.postgresql.org/docs/release/16.0/).
 */
import { type Item, isAtom, isGroup } from './tree.ts';

const ENDS_FROM = new Set([
  'WHERE',
  'GROUP',
  'HAVING',
  'WINDOW',
  'UNION',
  'INTERSECT',
  'EXCEPT',
  'ORDER',
  'LIMIT',
  'OFFSET',
  'FETCH',
  'FOR',
  ';',
]);

/** By which name columns of the query's only relation are qualified; undefined where there are several, or none. */
function onlyRelation(items: readonly Item[]): string | undefined {
  if (!items.some((item) => isAtom(item, 'SELECT'))) return undefined;
  const from = items.findIndex((item) => isAtom(item, 'FROM'));
  if (from < 0) return undefined;
  const length = items.slice(from + 1).findIndex((item) => item.kind === 'atom' && ENDS_FROM.has(item.text));
  const relation = items.slice(from + 1, length < 0 ? undefined : from + 1 + length);
  const isPlain = relation.every((item) => item.kind === 'atom' && (item.isName || item.text === '.' || item.text === 'ONLY'));
  const last = relation.at(-1);
  return isPlain && last?.kind === 'atom' ? last.text : undefined;
}

export function unqualified(items: readonly Item[]): Item[] {
  const name = onlyRelation(items);
  return name === undefined ? [...items] : withoutPrefix(items, name);
}

/** Removes `name.` where it begins a chain of names. */
function withoutPrefix(items: readonly Item[], name: string): Item[] {
  const found: Item[] = [];
  for (let at = 0; at < items.length; at += 1) {
    const item = items[at] as Item;
    const begins = isAtom(item, name) && isAtom(items[at + 1], '.') && !isAtom(items[at - 1], '.') && !isAtom(items[at - 1], 'FROM');
    if (begins) at += 1;
    else if (isGroup(item, '(') || isGroup(item, '[')) found.push({ ...item, items: withoutPrefix(item.items, name) });
    else if (item.kind === 'cast') found.push({ ...item, operand: withoutPrefix(item.operand, name) });
    else found.push(item);
  }
  return found;
}
