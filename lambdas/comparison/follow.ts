/**
 * Tells rows that differ from rows that are on their way.
 *
 * One look reads the source, waits until the target has confirmed everything up to then, reads the target, and reads the source again. If
 * both looks at the source agree and the target has something else, the target has had its chance: the row differs. If they do not, the
 * row moves, and the look says nothing. A row that was equal once was carried over.
 */
import type { Side } from './sides.ts';

/** What a side has of each item, by the item's place; nothing where the side does not have it. */
export type Held = ReadonlyMap<number, string>;

export interface Followed<Item> {
  /** What keeps differing although the source stands still, with what the two sides had at the last look. */
  readonly different: readonly { readonly item: Item; readonly source: string | undefined; readonly target: string | undefined }[];
  /** How many changed on the source during every look. */
  readonly moving: number;
}

/** A row could change and change back between two looks at the source; that it does so twice is not believed. */
const LOOKS_TO_BELIEVE = 2;
const MOST_LOOKS = 6;

/** @returns undefined if the target did not catch up in time */
export async function follow<Item>(
  items: readonly Item[],
  look: (side: Side, items: readonly Item[]) => Promise<Held>,
  caughtUp: () => Promise<boolean>,
): Promise<Followed<Item> | undefined> {
  const different: Followed<Item>['different'][number][] = [];
  let open = items.map((item) => ({ item, looks: 0 }));
  for (let looks = 1; open.length > 0 && looks <= MOST_LOOKS; looks += 1) {
    const asked = open.map(({ item }) => item);
    const before = await look('source', asked);
    if (!(await caughtUp())) return undefined;
    const there = await look('target', asked);
    const after = await look('source', asked);
    const still: typeof open = [];
    for (const [n, one] of open.entries()) {
      const [source, target] = [after.get(n), there.get(n)];
      if (target === source || target === before.get(n)) continue;
      const moved = before.get(n) !== source;
      const seen = moved ? 0 : one.looks + 1;
      if (seen >= LOOKS_TO_BELIEVE) different.push({ item: one.item, source, target });
      else still.push({ item: one.item, looks: seen });
    }
    open = still;
  }
  return { different, moving: open.length };
}

export const held = (rows: readonly { readonly n: number; readonly value: string }[]): Held =>
  new Map(rows.map(({ n, value }) => [n, value]));
