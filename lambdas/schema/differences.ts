/** Changes of a schema since it was recorded. Pure. */
import type { SchemaObject } from '../postgres/schema-objects.sql.ts';
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

/** A changed object, with the objects of which it is a part, as of now or of the last time that it was there. */
export interface Change extends Difference {
  readonly partOf: readonly string[];
}

const isAsItWas = ({ was, is }: Difference): boolean => (was === undefined || is === undefined ? was === is : sayTheSame(was, is));

/** Every object that is not as it was. */
export function changesBetween(before: readonly SchemaObject[], now: readonly SchemaObject[]): Change[] {
  const [earlier, later] = [byName(before), byName(now)];
  return [...new Set([...earlier.keys(), ...later.keys()])].flatMap((object) => {
    const [was, is] = [earlier.get(object), later.get(object)];
    const change = { object, was: was?.definition, is: is?.definition, partOf: (is ?? was)?.partOf ?? [] };
    return isAsItWas(change) ? [] : [change];
  });
}

/**
 * In the order of their names. What comes or goes with a larger object, or changes just like it, is not named by itself: a new partition is
 * one difference, and so is a new column of a table with a thousand partitions. But it is where the larger object is none of the changes.
 */
export function worthNaming(changes: readonly Change[]): Difference[] {
  const all = new Map(changes.map((change) => [change.object, change]));
  const isCovered = (one: Change): boolean =>
    one.partOf.some((larger) => {
      const change = all.get(larger);
      return change !== undefined ? covers(change, one) : false;
    });
  return changes
    .filter((one) => !isCovered(one))
    .map(({ object, was, is }) => ({ object, was, is }))
    .sort((a, b) => (a.object < b.object ? -1 : 1));
}

/** Without these objects and whatever is part of them, however far down: a key of a partitioned table is one of each partition, too. */
export function without(changes: readonly Change[], isLeftOut: (object: string) => boolean): Change[] {
  const out = new Set(changes.map(({ object }) => object).filter(isLeftOut));
  const isPart = (one: Change): boolean => isLeftOut(one.object) || one.partOf.some((larger) => out.has(larger) || isLeftOut(larger));
  for (let size = -1; size !== out.size; ) {
    size = out.size;
    for (const one of changes) if (isPart(one)) out.add(one.object);
  }
  return changes.filter(({ object }) => !out.has(object));
}

export const differencesBetween = (before: readonly SchemaObject[], now: readonly SchemaObject[]): Difference[] =>
  worthNaming(changesBetween(before, now));

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
