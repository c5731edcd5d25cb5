/** Differences between the schema of either side now and the one that was copied. */
import type { Exclusions } from '../config/input.ts';
import type { SideName } from '../config/side-name.ts';
import type { Database, Reader, Session } from '../ports/database.ts';
import { identifier, qualified } from '../postgres/quote.ts';
import { type SchemaObject, schemaObjects } from '../postgres/schema-objects.sql.ts';
import { pinPrinting } from '../postgres/session-pins.sql.ts';
import { copyOn } from '../state/earlier-copy.ts';
import { heldForce, heldForceExists } from '../state/held-force.sql.ts';
import { heldKeys, heldKeysExist } from '../state/held-keys.sql.ts';
import * as baseline from '../state/schema-baseline.sql.ts';
import { canonical } from './canonical.ts';
import { recordTargetCode } from './code-record.ts';
import { type Change, changesBetween, type Difference, without, worthNaming } from './differences.ts';

/** Milliseconds that listing may take, as long as any look may. */
const LONGEST_MS = 300_000;
/** Objects that travel to the target at a time: about a megabyte. */
const AT_ONCE = 5_000;

/** Everything in one state of the database, and printed the same way whatever is set for the role or the database. */
export const objectsOf = (side: Reader, exclusions: Exclusions): Promise<SchemaObject[]> =>
  side.snapshot(async (snapshot) => {
    await snapshot.query(pinPrinting(true, LONGEST_MS));
    return snapshot.query(schemaObjects(exclusions));
  });

/** Makes the record, in the transaction that copies the schema. @param objects as they were on the source before the dump began */
export async function recordSource(session: Pick<Session, 'query'>, objects: readonly SchemaObject[]): Promise<void> {
  for (const statement of baseline.createBaseline()) await session.query(statement);
  await session.query(baseline.beginBaseline('source'));
  for (let from = 0; from < objects.length; from += AT_ONCE) {
    await session.query(baseline.addToBaseline('source', objects.slice(from, from + AT_ONCE)));
  }
}

/** The sides that are recorded; undefined where an earlier version of this tool copied the schema, and there is no record to write to. */
export async function recordedOn(target: Reader): Promise<ReadonlySet<baseline.Recorded> | undefined> {
  const [there] = await target.query(baseline.baselineExists());
  return there?.exists ? new Set((await target.query(baseline.sidesRecorded())).map(({ side }) => side)) : undefined;
}

/** Records the target as it is now, once: what was recorded before stays. To be called only where there is a record to write to. */
export async function recordTarget(target: Database): Promise<void> {
  const copy = await copyOn(target);
  if (!copy) return;
  await target.transaction(async (session) => {
    await session.query(pinPrinting(true, LONGEST_MS));
    const [begun] = await session.query(baseline.beginBaseline('target'));
    if (begun) await session.query(baseline.addTargetToBaseline(copy.exclusions));
    await recordTargetCode(session, copy.exclusions);
  });
}

/** Changes on each side since the copy; nothing is known of a side that was not recorded. */
export interface SchemaDifferences {
  readonly source: Difference[];
  readonly target: Difference[];
  /** Changes that are the same on both sides, and in neither list: the sides agree with each other. */
  readonly alike: Difference[];
  /** False where the side has no record: BuildIndexes is not finished, or an earlier version of this tool began the migration. */
  readonly recorded: { readonly source: boolean; readonly target: boolean };
}

/** Foreign keys that we hold, or have held, there: they come and go with the stream, and with them those of partitions. */
async function heldOn(side: Reader): Promise<string[]> {
  const [there] = await side.query(heldKeysExist());
  if (!there?.exists) return [];
  return (await side.query(heldKeys())).map(({ schema, table, name }) =>
    canonical(`constraint ${qualified(schema, table)}.${identifier(name)}`),
  );
}

const FORCED = 'row security forced';

/** As tables would be if we held none of their row-level security back. @param isHeld of a name in the form of {@link canonical} */
const withForce = (objects: readonly SchemaObject[], isHeld: (object: string) => boolean): SchemaObject[] =>
  objects.map((one) =>
    one.object.startsWith('table ') && !one.definition.endsWith(FORCED) && isHeld(canonical(one.object))
      ? { ...one, definition: `${one.definition}; ${FORCED}` }
      : one,
  );

interface WithoutForce {
  /** Tables that are without it now, and those that were when the side was recorded. */
  readonly now: ReadonlySet<string>;
  readonly recorded: ReadonlySet<string>;
}

async function withoutForceOn(side: Reader): Promise<WithoutForce> {
  const [there] = await side.query(heldForceExists());
  const rows = there?.exists ? await side.query(heldForce()) : [];
  const named = (which: (row: (typeof rows)[number]) => boolean) =>
    new Set(rows.filter(which).map(({ schema, table }) => canonical(`table ${qualified(schema, table)}`)));
  return { now: named(({ held }) => held), recorded: named(({ copied }) => copied) };
}

/** Uses the exclusions that were recorded with the copy. */
export async function schemaDifferences(source: Reader, target: Reader): Promise<SchemaDifferences> {
  const copy = await copyOn(target);
  const sides = copy ? await recordedOn(target) : undefined;
  const recorded = { source: sides?.has('source') ?? false, target: sides?.has('target') ?? false };
  if (!copy) return { source: [], target: [], alike: [], recorded };
  const ours = new Set([...(await heldOn(source)), ...(await heldOn(target))]);
  const since = async (name: SideName, side: Reader): Promise<Change[]> => {
    if (!recorded[name]) return [];
    const force = await withoutForceOn(side);
    const before = withForce(await target.query(baseline.baselineOf(name)), (object) => name === 'target' && force.recorded.has(object));
    const changes = changesBetween(
      before,
      withForce(await objectsOf(side, copy.exclusions), (object) => force.now.has(object)),
    );
    return without(changes, (object) => ours.has(canonical(object)));
  };
  const changes = { source: await since('source', source), target: await since('target', target) };
  const [onSource, onTarget] = [asOn(changes.target), asOn(changes.source)];
  return {
    source: worthNaming(changes.source.filter((one) => !onSource(one))),
    target: worthNaming(changes.target.filter((one) => !onTarget(one))),
    alike: worthNaming(changes.source.filter(onSource)),
    recorded,
  };
}

const formOf = ({ is }: Difference): string | undefined => (is === undefined ? undefined : canonical(is));

/**
 * Whether the other side has changed to the same, each in the form of its version. A part counts by itself: a table that was made on both
 * sides may lack its index on one.
 */
function asOn(others: readonly Change[]): (one: Change) => boolean {
  const there = new Map(others.map((other) => [canonical(other.object), other]));
  return (one) => {
    const other = there.get(canonical(one.object));
    return other !== undefined && formOf(other) === formOf(one);
  };
}
