/**
 * Copies the schema: everything that pg_dump calls pre-data, primary keys and replica identities, in one transaction; the rest is listed
 * on the target for BuildIndexes. Guide "Migrate from Aurora to PlanetScale", step 3.
 */
import { STAY_BEHIND } from '../aurora-extensions.ts';
import type { Acting, Looking, Session } from '../contract.ts';
import { apply, type Batch, BatchRefused, batches, singly } from '../dump/apply.ts';
import { copyOn, identityOf } from '../dump/earlier-copy.ts';
import { dumpOptions, type Exclusions, wantedSince } from '../dump/exclusions.ts';
import { type CopyPlan, planCopy } from '../dump/plan.ts';
import { refused } from '../dump/refusal.ts';
import { SchemaCopyFailed } from '../errors.ts';
import { COPY_KEYS } from '../input.ts';
import { objectsOf, recordSource } from '../schema/fingerprint.ts';
import { objectsNamedByRows } from '../schema/named-objects.ts';
import { keepWhatWasCopied, noteObjectsThere } from '../sql/copied-objects.ts';
import { dumpSettings } from '../sql/dump-session.ts';
import { offeredExtensions } from '../sql/extensions.ts';
import { foreignKeysToExcluded } from '../sql/foreign-keys.ts';
import { createHeartbeat } from '../sql/heartbeat.ts';
import { createHeldKeys, foreignKeysToHold, listHeldKeys } from '../sql/held-keys.ts';
import { populatedViews } from '../sql/materialized-views.ts';
import { createPostData, listDeferred } from '../sql/post-data.ts';
import { platformEventTriggers } from '../sql/relations.ts';
import { createSchemaCopy, lockSchemaCopy, recordSchemaCopy, type SchemaCopy, schemaCopyExists } from '../sql/schema-copy.ts';
import type { SchemaObject } from '../sql/schema-objects.ts';
import { defineStep } from '../step.ts';
import { trySwitch } from '../switch/trial.ts';

type Needs = 'source' | 'target' | 'schemaDump';

interface Seen {
  readonly sourceIdentity: string;
  readonly copy: SchemaCopy | undefined;
}

export const copySchema = defineStep({
  needs: ['source', 'target', 'schemaDump'],
  understands: COPY_KEYS,

  async inspect({ source, target }: Looking<Needs>): Promise<Seen> {
    return { sourceIdentity: await identityOf(source), copy: await copyOn(target) };
  },

  judge({ sourceIdentity, copy }, input) {
    if (!copy) return 'todo';
    if (copy.sourceIdentity !== sourceIdentity) {
      throw new SchemaCopyFailed(
        `The target holds the schema of another source: database ${copy.sourceDatabase}, copied at ${copy.copiedAt.toISOString()}. ` +
          'Nothing was changed. Correct the secret that is wrong, or run Cleanup and begin with an empty target.',
      );
    }
    const wanted = wantedSince(copy.exclusions, input);
    if (wanted.length > 0) {
      throw new SchemaCopyFailed(
        `The schema was copied without ${wanted.join(', ')}, which the input no longer excludes. Nothing was changed. ` +
          'Exclude the same as before, or run Cleanup and begin with an empty target.',
      );
    }
    return 'done';
  },

  async act({ source, target, schemaDump, input, log }: Acting<Needs>, seen) {
    await trySwitch(target, input.reverse !== false);
    const offered = new Set((await target.query(offeredExtensions())).map(({ name }) => name));
    const staying = STAY_BEHIND.filter((name) => !offered.has(name));
    const { excludeSchemas, excludeTables } = input;
    const exclusions: Exclusions = { excludeSchemas, excludeTables };
    // Before the dump: what changes in between is then a difference to be found later, and not one that nobody sees.
    const objects = await objectsOf(source, exclusions);
    const dump = await schemaDump.dump(dumpOptions(input, staying));
    const [dangling, populated] = [await source.query(foreignKeysToExcluded(input)), await source.query(populatedViews(input))];
    const platformTriggers = (await source.query(platformEventTriggers())).map(({ name }) => name);
    const toHold = await source.query(foreignKeysToHold(input));
    const plan = planCopy(dump, { dangling, populated, platformTriggers, toHold, named: await objectsNamedByRows(source, input, log) });
    const record = {
      sourceIdentity: seen.sourceIdentity,
      sourceDatabase: source.endpoint.database,
      exclusions,
      statements: plan.now.length,
      leftBehind: [...plan.leftBehind],
    };
    const attempt = (all: readonly Batch[]) => target.transaction((session) => carryOut(session, all, { plan, record, objects }));
    const all = batches(plan.now);
    try {
      await attempt(all);
    } catch (error) {
      if (!(error instanceof BatchRefused)) throw error;
      // The first transaction is rolled back; a second one finds the statement and is rolled back in turn.
      await attempt(singly(all, error.batch)).catch((again: unknown) => {
        throw again instanceof BatchRefused ? refused(again.batch[0]?.entry, again.refusal, again) : again;
      });
    }
  },

  evidence: ({ copy }) =>
    copy
      ? { copiedAt: copy.copiedAt.toISOString(), statements: copy.statements, leftBehind: copy.leftBehind }
      : { copiedAt: null, statements: 0, leftBehind: [] },
});

interface Plan {
  readonly plan: CopyPlan;
  readonly record: Omit<SchemaCopy, 'copiedAt'>;
  /** The source's schema, as it was before the dump. */
  readonly objects: readonly SchemaObject[];
}

async function carryOut(session: Pick<Session, 'query' | 'script'>, all: readonly Batch[], { plan, record, objects }: Plan): Promise<void> {
  await session.query(lockSchemaCopy());
  const [there] = await session.query(schemaCopyExists());
  if (there?.exists) return;
  await session.query(createHeartbeat());
  for (const statement of noteObjectsThere()) await session.query(statement);
  await session.script(dumpSettings('local'));
  await apply(session, all);
  await session.query(keepWhatWasCopied());
  await session.query(createPostData());
  await session.query(listDeferred(plan.later));
  if (plan.held.length > 0) {
    await session.query(createHeldKeys());
    await session.query(listHeldKeys(plan.held));
  }
  await recordSource(session, objects);
  await session.query(createSchemaCopy());
  await session.query(recordSchemaCopy(record));
}
