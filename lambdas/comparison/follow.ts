/**
 * Distinguishes rows that differ from rows whose changes are not replicated yet.
 *
 * One round reads the source, waits until the target has confirmed everything written by then, reads the target, and reads the source again.
 * If both reads of the source agree and the target has another value, the row differs. If they do not agree, the row is changing, and the
 * round is no evidence. A row that was equal once has been replicated.
 */
import type { Side } from './sides.ts';

/** Values of a side by the item's position; no entry where the side does not have the item. */
export type Held = ReadonlyMap<number, string>;

export interface Followed<Item> {
  /** Items that differ although the source did not change them, with the values of both sides in the last round. */
  readonly different: readonly { readonly item: Item; readonly source: string | undefined; readonly target: string | undefined }[];
  /** Number of items that changed on the source during every round. */
  readonly moving: number;
}

/** Rounds after which a difference is confirmed: a row could change and change back between two reads of the source, but hardly twice. */
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
