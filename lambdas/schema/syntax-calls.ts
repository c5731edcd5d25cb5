/**
 * Functions that SQL writes with words in place of commas. From 14 on a server prints them so where they were written so, before as calls;
 * one that was loaded from the dump of an older server stays a call (https://www.postgresql.org/docs/release/14.0/).
 */
import { split } from './casts.ts';
import { atom, type Group, type Item, isAtom, isGroup } from './tree.ts';

const call = (name: string, ...args: readonly (readonly Item[])[]): Item[] => [
  atom(name, true),
  { kind: 'group', open: '(', items: args.flatMap((arg, at) => (at === 0 ? arg : [atom(','), ...arg])) },
];

const TRIMS: Readonly<Record<string, string>> = { BOTH: 'btrim', LEADING: 'ltrim', TRAILING: 'rtrim' };

/** By the word before the parentheses. */
const CALLS: Readonly<Record<string, (args: readonly Item[]) => Item[] | undefined>> = {
  SUBSTRING: (args) => call('substring', ...split(args, 'FROM').flatMap((part) => split(part, 'FOR'))),
  OVERLAY: (args) =>
    call('overlay', ...split(args, 'PLACING').flatMap((part) => split(part, 'FROM').flatMap((one) => split(one, 'FOR')))),
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

/** Place of the words `AT TIME ZONE`; -1 where they are not. */
const zoneIn = (items: readonly Item[]): number =>
  items.findIndex((item, at) => isAtom(item, 'AT') && isAtom(items[at + 1], 'TIME') && isAtom(items[at + 2], 'ZONE'));

/** The same items, with every such function as a call. */
export function asCall(items: readonly Item[]): Item[] {
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
