/**
 * Copies the schema: everything that pg_dump calls pre-data, primary keys and replica identities, in one transaction; the rest is listed
 * on the target for BuildIndexes. Guide "Migrate from Aurora to PlanetScale", step 3. Decides by which way rows are copied; where that is in
 * parts, keys and identities are listed too, for BuildCopied and BuildKeys.
 */
import { SchemaCopyFailed } from '../config/errors.ts';
import type { Exclusions, MigrationInput } from '../config/input.ts';
import { DEFAULT_COPY_WORKERS } from '../config/input-keys.ts';
import { atMost } from '../config/listing.ts';
import { type Way, wayOfCopy } from '../copy/way.ts';
import type { Acting, Looking } from '../engine/contract.ts';
import { defineStep } from '../engine/step.ts';
import { offeredExtensions } from '../extensions/extensions.sql.ts';
import type { Reader, Session } from '../ports/database.ts';
import { foreignKeysToExcluded } from '../postgres/foreign-keys.sql.ts';
import { quotingAllNames } from '../postgres/quoted-names.ts';
import type { SchemaObject } from '../postgres/schema-objects.sql.ts';
import { publishedTables } from '../postgres/tables.sql.ts';
import { type Carrying, carryAccess, carryDue, carryRoles, planCarrying } from '../roles/carry.ts';
import { rolesCarried, willCarry } from '../roles/mode.ts';
import { STAY_BEHIND } from '../schema/aurora-extensions.ts';
import type { CodeObject } from '../schema/code-objects.sql.ts';
import { codeOf, recordSourceCode } from '../schema/code-record.ts';
import { apply, batches } from '../schema/dump/apply.ts';
import { dumpSettings } from '../schema/dump/dump-session.sql.ts';
import { withPaths } from '../schema/dump/paths.ts';
import { type CopyPlan, planCopy } from '../schema/dump/plan.ts';
import { refused } from '../schema/dump/refusal.ts';
import { endsEverything } from '../schema/dump/staying.ts';
import { tryLater } from '../schema/dump/trial.ts';
import { dumpOptions, wantedSince } from '../schema/exclusions.ts';
import { objectsOf, recordSource } from '../schema/fingerprint.ts';
import { populatedViews } from '../schema/materialized-views.sql.ts';
import { objectsNamedByRows } from '../schema/named-objects.ts';
import { createPostData, listDeferred } from '../schema/post-data/post-data.sql.ts';
import { platformEventTriggers } from '../schema/relations.sql.ts';
import { givePath } from '../schema/search-paths.sql.ts';
import { pathsToGive } from '../schema/search-paths.ts';
import type { CarriedRole } from '../state/carried-roles.sql.ts';
import { keepWhatWasCopied, noteObjectsThere } from '../state/copied-objects.sql.ts';
import { copyPlanExists, createCopyPlan, recordCopyPlan } from '../state/copy-plan.sql.ts';
import { copyOn, identityOf } from '../state/earlier-copy.ts';
import { type GivenPath, givePaths, pathsGiven, pathsGivenExist } from '../state/given-paths.sql.ts';
import { createHeartbeat } from '../state/heartbeat.sql.ts';
import { createHeldForce, listHeldForce } from '../state/held-force.sql.ts';
import { createHeldKeys, foreignKeysToHold, listHeldKeys } from '../state/held-keys.sql.ts';
import {
  createIdentities,
  type IdentityOfTwin,
  identitiesExist,
  identitiesToCarry,
  recordCarried,
} from '../state/replica-identities.sql.ts';
import { createSchemaCopy, lockSchemaCopy, recordSchemaCopy, type SchemaCopy, schemaCopyExists } from '../state/schema-copy.sql.ts';
import { trySwitch } from '../switch/trial.ts';

type Needs = 'source' | 'target' | 'schemaDump';

interface Seen {
  readonly sourceIdentity: string;
  readonly copy: SchemaCopy | undefined;
  /** By which way rows are copied, or will be; the reason only before that is decided. */
  readonly way: Pick<Way, 'way'> & Partial<Way>;
  /** Functions that have a path on the target which they do not have on the source. */
  readonly paths: readonly GivenPath[];
  /** Roles that were carried; undefined where everything belongs to our role. */
  readonly roles: readonly CarriedRole[] | undefined;
}

/** Number of them that an execution's history may hold. */
const MOST_PATHS_SHOWN = 50;

export const copySchema = defineStep({
  needs: ['source', 'target', 'schemaDump'],
  memoryMb: 1769, // 215 MB with 2,000 tables, 468 with 10,000, and for a minute everything that one processor can do
  interrupted: 'The schema is copied in one transaction, which was rolled back: the target is as it was, and the source was only read.',

  async inspect({ source, target, input }: Looking<Needs>): Promise<Seen> {
    const [given] = await target.query(pathsGivenExist());
    const paths = given?.exists ? await target.query(pathsGiven()) : [];
    const copy = await copyOn(target);
    const way = copy ? await wayOn(target) : wayOfCopy(input, await source.query(publishedTables(input)));
    return { sourceIdentity: await identityOf(source), copy, way, paths, roles: await rolesCarried(target) };
  },

  judge({ sourceIdentity, copy, way }, input) {
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
    if (input.copy !== 'auto' && input.copy !== way.way) {
      throw new SchemaCopyFailed(
        `The schema was copied for the way "copy": "${way.way}", and the input now says "copy": "${input.copy}". Nothing was changed. ` +
          `Leave "copy" out of the input, or say "${way.way}", and the copy goes on; or run Cleanup with "target": "drop" and begin again.`,
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
    // Before the dump: what changes in between is then a difference to be found later, and is not missed.
    const objects = await objectsOf(source, exclusions);
    const carrying = (await willCarry(target, input)) ? await planCarrying(source, target, exclusions) : undefined;
    const paths = input.searchPath === 'source' ? await pathsToGive(source, input) : [];
    const identities = await identitiesSet(source);
    const code = await codeOf(source, exclusions);
    const dump = await schemaDump.dump(dumpOptions(input, staying));
    const populated = await source.query(populatedViews(input));
    const dangling = await source.query(foreignKeysToExcluded(input));
    const platformTriggers = (await source.query(platformEventTriggers())).map(({ name }) => name);
    const toHold = await source.query(foreignKeysToHold(input));
    const named = await objectsNamedByRows(source, input, log);
    const carriesAccess = carrying !== undefined;
    const plan = planCopy(dump, {
      dangling,
      populated,
      platformTriggers,
      toHold,
      carriesAccess,
      renamedRoles: carrying?.renamed ?? new Map(),
      named,
      keysWait: seen.way.way === 'parts',
    });
    const record = {
      sourceIdentity: seen.sourceIdentity,
      sourceDatabase: source.endpoint.database,
      exclusions,
      statements: plan.now.length + plan.keys.length,
      leftBehind: [...plan.leftBehind],
    };
    const { database } = target.endpoint;
    const parts = seen.way.way === 'parts' ? input : undefined;
    await target.transaction((session) => carryOut(session, { plan, record, objects, paths, identities, code, carrying, database, parts }));
  },

  evidence: ({ copy, paths, roles, way: { way } }, before) => ({
    copy: { way, ...(before.way.why !== undefined && { why: before.way.why }) },
    ...(copy
      ? { copiedAt: copy.copiedAt.toISOString(), statements: copy.statements, leftBehind: shown(copy.leftBehind) }
      : { copiedAt: null, statements: 0, leftBehind: [] }),
    // What belongs to whom: `flattened` where everything is our role's.
    ...(copy && { roles: roles ? { carried: roles.length, made: roles.filter(({ made }) => made).length } : 'flattened' }),
    ...(paths.length > 0 && {
      gavePath: paths.slice(0, MOST_PATHS_SHOWN).map(givePath),
      morePaths: Math.max(0, paths.length - MOST_PATHS_SHOWN),
    }),
  }),
});

/** Names that an execution can carry; all of them are in the record on the target. */
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
  /** The source's code, as it was before the dump. */
  readonly code: readonly CodeObject[];
  /** Owners, grants and settings; undefined where everything is to belong to our role. */
  readonly carrying: Carrying | undefined;
  /** Name of the target's database. */
  readonly database: string;
  /** What is asked of a copy in parts; undefined where the subscription copies. */
  readonly parts: Pick<MigrationInput, 'partBytes' | 'copyWorkers'> | undefined;
}

/** The way for which a schema was copied. */
async function wayOn(target: Reader): Promise<Pick<Way, 'way'>> {
  const [plan] = await target.query(copyPlanExists());
  return { way: plan?.exists ? 'parts' : 'stream' };
}

async function identitiesSet(source: Reader): Promise<IdentityOfTwin[]> {
  const [there] = await source.query(identitiesExist());
  return there?.exists ? quotingAllNames(source, (quoting) => quoting.query(identitiesToCarry())) : [];
}

/** @throws SchemaCopyFailed with everything that the target refuses and that rows depend on, which rolls all of it back */
async function carryOut(session: Pick<Session, 'query' | 'script'>, given: Plan): Promise<void> {
  const { plan, record, objects, paths, identities, code, carrying, database, parts } = given;
  await session.query(lockSchemaCopy());
  const [there] = await session.query(schemaCopyExists());
  if (there?.exists) return;
  await session.query(createHeartbeat());
  for (const statement of noteObjectsThere()) await session.query(statement);
  const roles = carrying && (await carryRoles(session, carrying));
  await session.script(dumpSettings('local'));
  const { left, refused: atFirst } = await apply(session, batches(withPaths(plan.now, paths)));
  const now = [...atFirst];
  const isOver = () => now.some(({ error }) => endsEverything(error.complaint.code));
  const notCarried = carrying && roles && now.length === 0 ? await carryAccess(session, carrying, roles, database) : [];
  if (!isOver()) now.push(...(await apply(session, batches(withPaths(plan.keys, paths)), left)).refused);
  const over = isOver();
  const later = over ? { deferred: [], refused: [] } : await tryLater(session, plan.later, left);
  if (now.length + later.refused.length > 0) throw refused([...now, ...later.refused], left.list);
  await session.query(keepWhatWasCopied());
  for (const statement of givePaths(paths)) await session.query(statement);
  if (carrying) notCarried.push(...(await carryDue(session, database)));
  if (identities.length > 0) {
    await session.query(createIdentities());
    await session.query(recordCarried(identities));
  }
  await session.query(createPostData());
  await session.query(listDeferred(later.deferred));
  if (parts) {
    await session.query(createCopyPlan());
    await session.query(recordCopyPlan(parts.partBytes, parts.copyWorkers ?? DEFAULT_COPY_WORKERS));
  }
  const held = plan.held.filter(({ text }) => !left.covers(text));
  if (held.length > 0) {
    await session.query(createHeldKeys());
    await session.query(listHeldKeys(held));
  }
  if (plan.heldForce.length > 0) for (const statement of [createHeldForce(), listHeldForce(plan.heldForce)]) await session.query(statement);
  await recordSource(session, objects);
  await recordSourceCode(session, code);
  await session.query(createSchemaCopy());
  await session.query(recordSchemaCopy({ ...record, leftBehind: [...record.leftBehind, ...left.list, ...notCarried] }));
}
