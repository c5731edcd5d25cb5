/** What became of a schema since it was recorded. Pure. */
import type { SchemaObject } from '../sql/schema-objects.ts';
import { sayTheSame } from './canonical.ts';

/** One object that is not as it was recorded. */
export interface Difference {
  /** Kind and qualified name, such as `column shop.customer.note`. */
  readonly object: string;
  /** Undefined where it was added since. */
  readonly was: string | undefined;
  /** Undefined where it was removed since. */
  readonly is: string | undefined;
}

/**
 * In the order of their names. What comes or goes with a larger object, or changes just like it, is not named by itself: a new partition is
 * one difference, and so is a new column of a table with a thousand partitions.
 */
export function differencesBetween(before: readonly SchemaObject[], now: readonly SchemaObject[]): Difference[] {
  const [earlier, later] = [byName(before), byName(now)];
  const changes = new Map<string, Difference>();
  for (const object of new Set([...earlier.keys(), ...later.keys()])) {
    const [was, is] = [earlier.get(object)?.definition, later.get(object)?.definition];
    if (was === undefined || is === undefined ? was !== is : !sayTheSame(was, is)) changes.set(object, { object, was, is });
  }
  const isCovered = (one: Difference): boolean =>
    ((one.is === undefined ? earlier : later).get(one.object)?.partOf ?? []).some((larger) => {
      const change = changes.get(larger);
      return change !== undefined ? covers(change, one) : false;
    });
  return [...changes.values()].filter((one) => !isCovered(one)).sort((a, b) => (a.object < b.object ? -1 : 1));
}

const byName = (objects: readonly SchemaObject[]): Map<string, SchemaObject> => new Map(objects.map((one) => [one.object, one]));

/** Whether saying the one says the other: both came, both went, or both changed in the same words. */
function covers(larger: Difference, smaller: Difference): boolean {
  if (smaller.was === undefined) return larger.was === undefined;
  if (smaller.is === undefined) return larger.is === undefined;
  return larger.was === smaller.was && larger.is === smaller.is;
}

/** As it may stand in a message, without a full stop: `column shop.customer.note was added: text`. */
export function inWords({ object, was, is }: Difference): string {
  if (was === undefined) return `${object} was added: ${is}`;
  if (is === undefined) return `${object} was removed; it was: ${was}`;
  return `${object} was changed: it was ${was}, and is ${is}`;
}
