/** Whether rows of the source would be refused where strings sort differently. */
import type { Reader } from '../../../ports/database.ts';
import { type OrderDependent, ranks, someValues, valuesKept } from '../collation-order.sql.ts';

const MOST_ROWS = 1_000;
/** So many bounds are those of all partitions, each of which has been compared with its own. */
const MOST_BOUNDS = 100;

/** `from ('a', 1) to (maxvalue, 2)`: the item at a position of each list, where it is a string. */
export function boundsAt(text: string, position: number): string[] {
  const lists = [...text.matchAll(/\((?:'(?:[^']|'')*'|[^')])*\)/g)].map(([list]) => list.slice(1, -1));
  return lists.flatMap((list) => {
    const items = [...list.matchAll(/'(?:[^']|'')*'|[^',\s]+/g)].map(([item]) => item);
    return literalsIn(items[position - 1] ?? '');
  });
}

/** String constants in an expression as the server prints it, under standard_conforming_strings. */
export const literalsIn = (text: string): string[] =>
  [...text.matchAll(/'((?:[^']|'')*)'/g)].map(([, inside = '']) => inside.replaceAll("''", "'"));

const constantsOf = ({ kind, text, position }: OrderDependent): string[] => {
  if (text === null) return [];
  return kind === 'partition' ? boundsAt(text, position ?? 1) : literalsIn(text);
};

/** The order of two strings. */
type Sign = -1 | 0 | 1;
type Compare = (one: string, other: string) => Sign;

async function comparing(side: Reader, collation: string, strings: readonly string[]): Promise<Compare> {
  const [found] = await side.query(ranks([collation], strings));
  const places = new Map(strings.map((string, at) => [string, found?.ranks[0]?.[at] ?? 0]));
  return (one, other) => Math.sign((places.get(one) ?? 0) - (places.get(other) ?? 0)) as Sign;
}

/** All pairs of strings to compare: of each row with one another and with the constants, and the constants among themselves. */
function pairsOf(rows: readonly (readonly (string | null)[])[], constants: readonly string[]): (readonly [string, string])[] {
  return [[], ...rows].flatMap((row) => {
    const strings = [...row.filter((value) => value !== null), ...constants];
    const values = row.length === 0 ? (constants.length > MOST_BOUNDS ? 0 : strings.length) : strings.length - constants.length;
    return strings.slice(0, values).flatMap((one, at) => strings.slice(at + 1).map((other) => [one, other] as const));
  });
}

/** The constants that an {@link OrderDependent} compares, and values of existing rows. Nothing of them is kept. */
async function comparedStrings(source: Reader, dependent: OrderDependent): Promise<(readonly [string, string])[]> {
  const { columns, kind } = dependent;
  const rows = columns.length > 0 ? (await source.query(someValues(dependent, MOST_ROWS))).map(({ values }) => values) : [];
  const [column] = columns;
  const kept = kind !== 'range' && columns.length === 1 && column ? await source.query(valuesKept(dependent, column)) : [];
  return pairsOf([...rows, ...kept.map(({ value }) => [value])], constantsOf(dependent));
}

/** @param there the collation on the target */
export async function ordersOtherwise(source: Reader, target: Reader, dependent: OrderDependent, there: string): Promise<boolean> {
  const pairs = await comparedStrings(source, dependent);
  const strings = [...new Set(pairs.flat())];
  if (strings.length === 0) return false;
  const [here, beyond] = [await comparing(source, dependent.collation, strings), await comparing(target, there, strings)];
  return pairs.some(([one, other]) => here(one, other) !== beyond(one, other));
}
