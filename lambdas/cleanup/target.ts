/** What the migration made on the target, and how it goes. */
import type { Database, Reader } from '../contract.ts';
import { copyOn } from '../dump/earlier-copy.ts';
import { PREFIX, subscriptionName } from '../names.ts';
import { readNote } from '../replication/connection.ts';
import { copiedObjectsExist, copiedObjectsLeft, dropCopiedObjects, inTheWayOfDropping } from '../sql/copied-objects.ts';
import { dropOwnSchema, ownSchemaExists } from '../sql/own-schema.ts';
import { lockSchemaCopy, type SchemaCopy } from '../sql/schema-copy.ts';
import { endOtherSteps } from '../sql/sessions.ts';
import { forgetSubscription, subscriptionState, subscriptionsNamed } from '../sql/subscriptions.ts';
import type { Side } from './side.ts';
import type { SourceTraces } from './source.ts';

export interface TargetTraces {
  /** Names of the subscriptions here that this tool made, of other migrations too. */
  readonly subscriptions: readonly string[];
  /** Of the slot that our subscription began with. */
  readonly birth: string | undefined;
  readonly copy: SchemaCopy | undefined;
  readonly schema: boolean;
  /** Copied objects that are still to be dropped; undefined where nothing tells what was copied. */
  readonly copied: number | undefined;
  /** What would go with them although it did not come with the copy, as far as somebody wants them dropped. */
  readonly inTheWay: readonly string[];
}

/** Objects to name in a message. */
const MOST_NAMED = 20;

/** @param database name of the database on the source, from which the subscription has its own */
export async function lookAtTarget(target: Reader, database: string, drop: boolean): Promise<TargetTraces> {
  const [subscription] = await target.query(subscriptionState(subscriptionName(database)));
  const [schema] = await target.query(ownSchemaExists());
  const copy = await copyOn(target);
  const [noted] = copy ? await target.query(copiedObjectsExist()) : [];
  const [copied] = noted?.exist ? await target.query(copiedObjectsLeft()) : [];
  const inTheWay = drop && copied ? await target.query(inTheWayOfDropping(MOST_NAMED)) : [];
  return {
    subscriptions: (await target.query(subscriptionsNamed(`${PREFIX}_`))).map(({ name }) => name),
    birth: readNote(subscription?.note ?? null)?.birth,
    copy,
    schema: schema?.exists ?? false,
    copied: copied?.left,
    inTheWay: inTheWay.map(({ object }) => object),
  };
}

/**
 * Whether the target follows another source than ours: then nothing there is for us to drop, above all not a subscription whose slot would
 * stay behind over there. A source that was upgraded in place has a new identity, but still knows the birth of the slot.
 */
export function followsAnother({ subscriptions, copy, birth }: TargetTraces, source: Side<SourceTraces>, database: string): boolean {
  const ours = subscriptionName(database);
  if (subscriptions.some((name) => name !== ours)) return true;
  if (!subscriptions.includes(ours) || !copy) return false;
  if (!source.reached) return copy.sourceDatabase !== database;
  const sameBirth = birth !== undefined && birth === source.traces.birth;
  return copy.sourceIdentity !== source.traces.identity && !sameBirth;
}

export const targetIsClean = ({ subscriptions, schema }: TargetTraces): boolean => subscriptions.length === 0 && !schema;

/** Objects a transaction; each table takes some locks with its indexes, of some thousands that a server has. */
const OBJECTS_AT_ONCE = 100;
/** Time to look again and to return. */
const RESERVE_MS = 20_000;

/**
 * The subscription lets go of its slot first, so that a source out of reach does not hold it. Our schema goes last, because it says what
 * was copied.
 * @returns whether all was carried out; false where time ran out
 */
export async function cleanTarget(
  target: Database,
  {
    database,
    drop,
    step,
    remainingMs,
  }: { readonly database: string; readonly drop: boolean; readonly step: string; remainingMs(): number },
): Promise<boolean> {
  const name = subscriptionName(database);
  await target.query(endOtherSteps(step));
  await target.transaction(async (session) => {
    await session.query(lockSchemaCopy());
    const [subscription] = await session.query(subscriptionState(name));
    if (subscription) for (const statement of forgetSubscription(name)) await session.query(statement);
  });
  if (drop && !(await dropCopied(target, remainingMs))) return false;
  await target.transaction(async (session) => {
    await session.query(lockSchemaCopy());
    await session.query(dropOwnSchema());
  });
  return true;
}

async function dropCopied(target: Database, remainingMs: () => number): Promise<boolean> {
  for (;;) {
    const left = await target.transaction(async (session) => {
      await session.query(lockSchemaCopy());
      const [noted] = await session.query(copiedObjectsExist());
      if (!noted?.exist) return 0;
      await session.query(dropCopiedObjects(OBJECTS_AT_ONCE));
      return (await session.query(copiedObjectsLeft()))[0]?.left ?? 0;
    });
    if (left === 0) return true;
    if (remainingMs() < RESERVE_MS) return false;
  }
}
