/**
 * Copies the schema: everything that pg_dump calls pre-data, primary keys and replica identities, in one transaction; the rest is listed
 * on the target for BuildIndexes. Guide "Migrate from Aurora to PlanetScale", step 3.
 */

import { STAY_BEHIND } from '../aurora-extensions.ts';
import type { Acting, Looking, Reader, Session } from '../contract.ts';
import { apply, batches } from '../dump/apply.ts';
import { copyOn, identityOf } from '../dump/earlier-copy.ts';
import { dumpOptions, type Exclusions, wantedSince } from '../dump/exclusions.ts';
import { withPaths } from '../dump/paths.ts';
import { type CopyPlan, planCopy } from '../dump/plan.ts';
import { refused } from '../dump/refusal.ts';
import { endsEverything } from '../dump/staying.ts';
import { tryLater } from '../dump/trial.ts';
import { SchemaCopyFailed } from '../errors.ts';
import { COPY_KEYS } from '../input.ts';
import { atMost } from '../listing.ts';
import { codeOf, recordSourceCode } from '../schema/code-record.ts';
import { objectsOf, recordSource } from '../schema/fingerprint.ts';
import { objectsNamedByRows } from '../schema/named-objects.ts';
import { pathsToGive } from '../schema/search-paths.ts';
import type { CodeObject } from '../sql/code-objects.ts';
import { keepWhatWasCopied, noteObjectsThere } from '../sql/copied-objects.ts';
import { dumpSettings } from '../sql/dump-session.ts';
import { offeredExtensions } from '../sql/extensions.ts';
import { foreignKeysToExcluded } from '../sql/foreign-keys.ts';
import { createHeartbeat } from '../sql/heartbeat.ts';
import { createHeldKeys, foreignKeysToHold, listHeldKeys } from '../sql/held-keys.ts';
import { populatedViews } from '../sql/materialized-views.ts';
import { createPostData, listDeferred } from '../sql/post-data.ts';
import { quotingAllNames } from '../sql/quoted-names.ts';
import { platformEventTriggers } from '../sql/relations.ts';
import { createIdentities, type IdentityOfTwin, identitiesExist, identitiesToCarry, recordCarried } from '../sql/replica-identities.ts';
import { createSchemaCopy, lockSchemaCopy, recordSchemaCopy, type SchemaCopy, schemaCopyExists } from '../sql/schema-copy.ts';
import type { SchemaObject } from '../sql/schema-objects.ts';
import { type GivenPath, givePath, givePaths, pathsGiven, pathsGivenExist } from '../sql/search-paths.ts';
import { defineStep } from '../step.ts';
import { trySwitch } from '../switch/trial.ts';

type Needs = 'source' | 'target' | 'schemaDump';

interface Seen {
  readonly sourceIdentity: string;
  readonly copy: SchemaCopy | undefined;
  /** Functions that have a path on the target which they do not have on the source. */
  readonly paths: readonly GivenPath[];
}

/** What an execution's history may hold of them. */
const MOST_PATHS_SHOWN = 50;

export const copySchema = defineStep({
  needs: ['source', 'target', 'schemaDump'],
  understands: COPY_KEYS,

  async inspect({ source, target }: Looking<Needs>): Promise<Seen> {
    const [given] = await target.query(pathsGivenExist());
    const paths = given?.exist ? await target.query(pathsGiven()) : [];
    return { sourceIdentity: await identityOf(source), copy: await copyOn(target), paths };
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
    const paths = input.searchPath === 'source' ? await pathsToGive(source, input) : [];
    const identities = await identitiesSet(source);
    const code = await codeOf(source, exclusions);
    const dump = await schemaDump.dump(dumpOptions(input, staying));
    const populated = await source.query(populatedViews(input));
    const dangling = await source.query(foreignKeysToExcluded(input));
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
    await target.transaction((session) => carryOut(session, { plan, record, objects, paths, identities, code }));
  },

  evidence: ({ copy, paths }) => ({
    ...(copy
      ? { copiedAt: copy.copiedAt.toISOString(), statements: copy.statements, leftBehind: shown(copy.leftBehind) }
      : { copiedAt: null, statements: 0, leftBehind: [] }),
    ...(paths.length > 0 && {
      gavePath: paths.slice(0, MOST_PATHS_SHOWN).map(givePath),
      morePaths: Math.max(0, paths.length - MOST_PATHS_SHOWN),
    }),
  }),
});

/** Names as an execution can carry them; all of them stand in the record on the target. */
const MOST_SHOWN = 200;
const shown = (names: readonly string[]): string[] => atMost(MOST_SHOWN, names);

interface Plan {
  readonly plan: CopyPlan;
  readonly record: Omit<SchemaCopy, 'copiedAt'>;
  /** The source's schema, as it was before the dump. */
  readonly objects: readonly SchemaObject[];
  readonly paths: readonly GivenPath[];
  /** Replica identities that we have set on the source, which the dump brings along. */
  readonly identities: readonly IdentityOfTwin[];
  /** What runs there, as it was before the dump. */
  readonly code: readonly CodeObject[];
}

async function identitiesSet(source: Reader): Promise<IdentityOfTwin[]> {
  const [there] = await source.query(identitiesExist());
  return there?.exist ? quotingAllNames(source, (quoting) => quoting.query(identitiesToCarry())) : [];
}

/** @throws SchemaCopyFailed with everything that the target refuses and that rows depend on, which rolls all of it back */
async function carryOut(session: Pick<Session, 'query' | 'script'>, given: Plan): Promise<void> {
  const { plan, record, objects, paths, identities, code } = given;
  await session.query(lockSchemaCopy());
  const [there] = await session.query(schemaCopyExists());
  if (there?.exists) return;
  await session.query(createHeartbeat());
  for (const statement of noteObjectsThere()) await session.query(statement);
  await session.script(dumpSettings('local'));
  const { left, refused: now } = await apply(session, batches(withPaths(plan.now, paths)));
  const over = now.some(({ error }) => endsEverything(error.complaint.code));
  const later = over ? { deferred: [], refused: [] } : await tryLater(session, plan.later, left);
  if (now.length + later.refused.length > 0) throw refused([...now, ...later.refused], left.list);
  await session.query(keepWhatWasCopied());
  for (const statement of givePaths(paths)) await session.query(statement);
  if (identities.length > 0) {
    await session.query(createIdentities());
    await session.query(recordCarried(identities));
  }
  await session.query(createPostData());
  await session.query(listDeferred(later.deferred));
  const held = plan.held.filter(({ text }) => !left.covers(text));
  if (held.length > 0) {
    await session.query(createHeldKeys());
    await session.query(listHeldKeys(held));
  }
  await recordSource(session, objects);
  await recordSourceCode(session, code);
  await session.query(createSchemaCopy());
  await session.query(recordSchemaCopy({ ...record, leftBehind: [...record.leftBehind, ...left.list] }));
}
