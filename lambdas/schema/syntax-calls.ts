/**
 * Functions that SQL writes with words in place of commas. From 14 on a server prints them so where they were written so, before as calls;
 * one that was loaded from the dump of an older server stays a call (https://www.postgresql.org/docs/release/14.0/).
 */
import { isOne, joined, split } from './casts.ts';
import { atom, type Group, type Item, isAtom, isGroup } from './tree.ts';

const call = (name: string, ...args: readonly (readonly Item[])[]): Item[] => [
  atom(name, true),
  { kind: 'group', open: '(', items: joined(args) },
];

const HIDING_CASTS = new Set(['timezone', 'substring', 'overlay', 'position', 'btrim', 'ltrim', 'rtrim', 'normalize', 'overlaps']);

/** Written with words, a server leaves out the casts that it made of the arguments itself; as a call it prints them. */
function withoutCasts(arg: readonly Item[]): readonly Item[] {
  const [only] = arg;
  if (arg.length !== 1) return arg;
  if (isGroup(only, '(') && isOne(only.items)) return withoutCasts(only.items);
  if (only?.kind !== 'cast') return arg;
  const [operand] = only.operand;
  return operand?.kind === 'atom' && operand.text.startsWith("'") ? arg : withoutCasts(only.operand);
}

const withBareArguments = (items: readonly Item[]): Item[] =>
  items.map((item, at) => {
    const [name, before] = [items[at - 1], items[at - 2]];
    if (!isGroup(item, '(') || name?.kind !== 'atom' || !HIDING_CASTS.has(name.text) || isAtom(before, '.')) return item;
    return { ...item, items: joined(split(item.items).map(withoutCasts)) };
  });

const TRIMS: Readonly<Record<string, string>> = { BOTH: 'btrim', LEADING: 'ltrim', TRAILING: 'rtrim' };

/** By the word before the parentheses. */
const CALLS: Readonly<Record<string, (args: readonly Item[]) => Item[] | undefined>> = {
  SUBSTRING: (args) => call('substring', ...split(args, 'FROM').flatMap((part) => split(part, 'FOR'))),
  OVERLAY: (args) => call('overlay', ...split(args, 'PLACING').flatMap((part) => split(part, 'FROM').flatMap((one) => split(one, 'FOR')))),
  POSITION(args) {
    const [part, whole] = split(args, 'IN');
    return part && whole ? call('position', whole, part) : undefined;
  },
  TRIM(args) {
    const [head = [], text] = split(args, 'FROM');
    const [side, ...characters] = head;
    const name = side?.kind === 'atom' ? TRIMS[side.text] : undefined;
    return name && text ? call(name, text, ...(characters.length > 0 ? [characters] : [])) : undefined;
  },
  NORMALIZE: (args) => call('normalize', args),
};

/** Position of the words `AT TIME ZONE`; -1 where they are not. */
const zoneIn = (items: readonly Item[]): number =>
  items.findIndex((item, at) => isAtom(item, 'AT') && isAtom(items[at + 1], 'TIME') && isAtom(items[at + 2], 'ZONE'));

/** The same items, with every such function as a call. */
export const asCall = (items: readonly Item[]): Item[] => withBareArguments(called(items));

function called(items: readonly Item[]): Item[] {
  const at = zoneIn(items);
  if (at > 0) return call('timezone', items.slice(at + 3), items.slice(0, at));
  const over = items.findIndex((item) => isAtom(item, 'OVERLAPS'));
  const [one, other] = [items[over - 1], items[over + 1]];
  if (items.length === 3 && isGroup(one, '(') && isGroup(other, '(')) return call('overlaps', one.items, other.items);
  const found: Item[] = [];
  for (const [place, item] of items.entries()) {
    const before = items[place - 1];
    const made = isGroup(item, '(') && before?.kind === 'atom' ? CALLS[before.text]?.((item satisfies Group).items) : undefined;
    if (made) found.splice(-1, 1, ...made);
    else found.push(item);
  }
  return found;
}
