/** Casts as servers print them, and what is the same however it was printed. */
import { type Cast, type Item, isAtom, isGroup } from './tree.ts';

/** Names of types that are more than one word (https://www.postgresql.org/docs/current/datatype.html). */
const FOLLOWING: Readonly<Record<string, readonly string[]>> = {
  character: ['varying'],
  bit: ['varying'],
  double: ['precision'],
  timestamp: ['with', 'without', 'time', 'zone'],
  time: ['with', 'without', 'time', 'zone'],
  interval: ['year', 'month', 'day', 'hour', 'minute', 'second', 'to', 'YEAR', 'MONTH', 'DAY', 'HOUR', 'MINUTE', 'SECOND', 'TO'],
};

/** The type that begins at a position, and the position after it. */
function typeAt(items: readonly Item[], from: number): { readonly type: string; readonly next: number } {
  const first = items[from];
  let type = first?.kind === 'atom' ? first.text : '';
  let at = from + 1;
  for (let next = items[at + 1]; isAtom(items[at], '.') && next?.kind === 'atom'; next = items[at + 1]) {
    type += `.${next.text}`;
    at += 2;
  }
  const words = FOLLOWING[type] ?? [];
  for (let item = items[at]; item; item = items[at]) {
    if (item.kind === 'atom') {
      if (!words.includes(item.text)) break;
      type += ` ${item.text.toLowerCase()}`;
    } else if (item.kind === 'group' && item.open === '(')
      type += `(${item.items.map((one) => (one.kind === 'atom' ? one.text : '')).join('')})`;
    else if (item.kind === 'group' && item.items.length === 0) type += '[]';
    else break;
    at += 1;
  }
  return { type, next: at };
}

/** The number of the last items to which `::` belongs: a server puts anything else in parentheses. */
const operandLength = (items: readonly Item[]): number => {
  const [before, last] = items.slice(-2);
  const named = isGroup(last, '[') ? 'ARRAY' : isGroup(last, '(') ? 'ROW' : undefined;
  return named !== undefined && isAtom(before, named) ? 2 : 1;
};

/** The same items, with each `::` and what it binds as one. */
export function withCasts(items: readonly Item[]): Item[] {
  const found: Item[] = [];
  for (let at = 0; at < items.length; ) {
    const item = items[at] as Item;
    if (!isAtom(item, '::')) {
      found.push(item);
      at += 1;
      continue;
    }
    const { type, next } = typeAt(items, at + 1);
    found.push(...cast(found.splice(-operandLength(found)), type));
    at = next;
  }
  return found;
}

const NUMBER = /^'[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?'$/;
/** Before version 12 a server needs 17 digits for what later ones print shortest. */
const ROUND: Readonly<Record<string, (text: string) => string>> = {
  'double precision': (text) => String(Number(text)),
  real: (text) => String(Math.fround(Number(text))),
};

/** Of type `name`, which a server before version 12 has to cast in order to compare it with text. */
const NAMES = new Set(['CURRENT_USER', 'SESSION_USER', 'CURRENT_ROLE', 'CURRENT_CATALOG', 'CURRENT_SCHEMA']);

/** `"session_user"()` is `SESSION_USER`: which of them is printed depends on the version, and on whether it was written as a call. */
export const withKeywords = (items: readonly Item[]): Item[] =>
  items.flatMap((item, at): readonly Item[] => {
    const [before, after] = [items[at - 1], items[at + 1]];
    const isCall = (name: Item | undefined, args: Item | undefined, dot: Item | undefined): boolean =>
      name?.kind === 'atom' && NAMES.has(name.text.toUpperCase()) && isGroup(args, '(') && args.items.length === 0 && !isAtom(dot, '.');
    if (item.kind === 'atom' && isCall(item, after, before)) return [{ ...item, text: item.text.toUpperCase(), isName: false }];
    return isCall(before, item, items[at - 2]) ? [] : [item];
  });

/**
 * Reading `(ARRAY['a'::varchar])::text[]` again gives `ARRAY[('a'::varchar)::text]`: the parser hands the cast of an array constructor on to
 * its elements (transformArrayExpr in src/backend/parser/parse_expr.c).
 */
export function cast(operand: readonly Item[], type: string): Item[] {
  const [only, second] = operand;
  if (operand.length === 1 && isGroup(only, '(') && only.items.length > 0 && isOne(only.items)) return cast(only.items, type);
  if (operand.length === 2 && isAtom(only, 'ARRAY') && isGroup(second, '[') && second.items.length > 0 && type.endsWith('[]')) {
    const of = type.slice(0, -2);
    const elements = split(second.items).map((element) => (isAtom(element[0], 'ARRAY') ? cast(element, type) : cast(element, of)));
    return [only, { ...second, items: joined(elements) }];
  }
  if (operand.length === 1 && only?.kind === 'cast' && only.type === type) return [only];
  if (operand.length === 1 && only?.kind === 'atom' && type === 'text' && NAMES.has(only.text)) return [only];
  const round = ROUND[type];
  if (operand.length === 1 && only?.kind === 'atom' && round && NUMBER.test(only.text)) {
    return [{ kind: 'cast', operand: [{ ...only, text: `'${round(only.text.slice(1, -1))}'` }], type } satisfies Cast];
  }
  return [{ kind: 'cast', operand, type }];
}

const COMMA: Item = { kind: 'atom', text: ',', isName: false };

export function split(items: readonly Item[], at = ','): Item[][] {
  const parts: Item[][] = [[]];
  for (const item of items) {
    if (isAtom(item, at)) parts.push([]);
    else parts.at(-1)?.push(item);
  }
  return parts;
}

export const joined = (parts: readonly (readonly Item[])[]): Item[] => parts.flatMap((part, at) => (at === 0 ? part : [COMMA, ...part]));

/** Whether items are one expression that needs no parentheses: a constant, a column, a call, a cast, an array. */
export function isOne(items: readonly Item[]): boolean {
  const [first, second] = items;
  if (items.length === 1) return first !== undefined && (first.kind !== 'atom' || first.text !== '*');
  if (items.length === 2 && isAtom(first, 'ARRAY')) return isGroup(second, '[');
  const names = isGroup(items.at(-1), '(') ? items.slice(0, -1) : items;
  const isCall = names.length < items.length;
  return names.every((item, at) =>
    at % 2 === 0 ? item.kind === 'atom' && (item.isName || (isCall && CALLABLE.has(item.text))) : isAtom(item, '.'),
  );
}

const CALLABLE = new Set(['COALESCE', 'GREATEST', 'LEAST', 'NULLIF', 'ROW']);
