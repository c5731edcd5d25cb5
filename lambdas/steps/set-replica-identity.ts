/**
 * State `SetReplicaIdentity`: gives tables whose rows cannot be told apart a replica identity on the source, where the input consents to it,
 * and the same to their twins on the target. It comes before the dump, which carries it to the target with the index that it needs, before
 * the publication, under which the application could not update them, and before the slot, because older WAL lacks the old rows.
 * Cleanup puts back what was there. A lock that is not had in time is tried again by the machine's own retries, with their jitter.
 */
import { NotReady, StatementFailed, TransientError } from '../config/errors.ts';
import { atMost } from '../config/listing.ts';
import type { SideName } from '../config/side-name.ts';
import type { Looking } from '../engine/contract.ts';
import { defineStep } from '../engine/step.ts';
import type { Database, Reader } from '../ports/database.ts';
import { quotingAllNames } from '../postgres/quoted-names.ts';
import { lockRoles } from '../postgres/roles.sql.ts';
import { DUPLICATE_OBJECT, DUPLICATE_TABLE } from '../postgres/sqlstates.ts';
import { type Choice, choiceOf, isWanting, newestPublisher } from '../replication/identity/choice.ts';
import { type IdentityFacts, identities } from '../replication/identity/identity.sql.ts';
import { recordOn, stillSet } from '../replication/identity/put-back.ts';
import { tryEach } from '../replication/identity/tries.ts';
import { keysWait, postDataExists } from '../schema/post-data/post-data.sql.ts';
import { copyOn } from '../state/earlier-copy.ts';
import { createHeartbeat } from '../state/heartbeat.sql.ts';
import * as identitiesSql from '../state/replica-identities.sql.ts';

type Needs = 'source' | 'target';

interface Seen {
  /** Tables of the source that need another identity. */
  readonly wanting: readonly IdentityFacts[];
  /** Tables of the target that have another identity than we have given their twins. */
  readonly unlike: readonly identitiesSql.UnlikeTwin[];
  /** Number of identities that we have set on the source. */
  readonly set: number;
}

const MOST_SHOWN = 20;
/** The index that a table lacks comes in the first. */
const ROUNDS_ON_TARGET = 2;

async function look({ source, target, input }: Looking<Needs>): Promise<Seen> {
  const record = await recordOn(source);
  const set = stillSet(record).length;
  if (input.replicaIdentity !== 'full') return { wanting: [], unlike: [], set };
  const [version, other] = [await source.version(), await target.version()];
  const tables = await source.query(identities(input, version, newestPublisher(version, other, input.reverse)));
  return { wanting: tables.filter(isWanting), unlike: await unlikeOn(target, source), set };
}

/**
 * Nothing before the schema is copied: the dump brings what the source has by then. Nor while a copy in parts has its keys still to be made: they
 * are listed, with the identities that the dump has brought, and an index of ours would slow the rows down that are still to come.
 */
async function unlikeOn(target: Looking<Needs>['target'], source: Looking<Needs>['source']): Promise<readonly identitiesSql.UnlikeTwin[]> {
  const [recorded] = await source.query(identitiesSql.identitiesExist());
  if (!recorded?.exists || !(await copyOn(target)) || (await keysWaitOn(target))) return [];
  const carried = await quotingAllNames(source, (quoting) => quoting.query(identitiesSql.identitiesToCarry()));
  return target.query(identitiesSql.unlikeTwins(carried));
}

async function keysWaitOn(target: Looking<Needs>['target']): Promise<boolean> {
  const [listed] = await target.query(postDataExists());
  return listed?.exists === true && (await target.query(keysWait()))[0]?.waits === true;
}

const KINDS = { default: 'd', full: 'f', index: 'i' } as const satisfies Record<Choice['kind'], identitiesSql.IdentityKind>;

const toSet = (table: IdentityFacts) => {
  const choice = choiceOf(table) ?? { kind: 'full' };
  return { relation: table.oid, seen: table.identity, kind: KINDS[choice.kind], index: choice.kind === 'index' ? choice.oid : null };
};

/** One visit at a time makes our schema, as in CreateReplicationRole. */
const ensureRecord = (side: Database): Promise<void> =>
  side.transaction(async (session) => {
    await session.query(lockRoles());
    await session.query(createHeartbeat());
    await session.query(identitiesSql.createIdentities());
  });

/** The index comes in a transaction of its own, so that the table is locked no longer than it takes. */
async function setLikeTwin(target: Database, table: identitiesSql.UnlikeTwin): Promise<void> {
  const { definition } = table;
  if (definition === null) return void (await target.query(identitiesSql.setIdentity(table)));
  const making = target.transaction(async (session) => {
    await session.query(identitiesSql.giveUpSoon());
    await session.query(identitiesSql.makeIndex(definition));
  });
  await making.catch((error: unknown) => {
    if (!(error instanceof StatementFailed) || !HAS_COME.has(error.complaint.code ?? '')) throw error;
  });
}
/** Another visit has made the index, or the constraint of that name. */
const HAS_COME = new Set([DUPLICATE_TABLE, DUPLICATE_OBJECT]);

export const setReplicaIdentity = defineStep({
  needs: ['source', 'target'],
  interrupted:
    'Each table is set by itself, with what was there written down: what was set stays until Cleanup, and the rest is as it was.',
  inspect: look,

  judge({ wanting, unlike }) {
    const hopeless = [
      ...wanting.filter((table) => !choiceOf(table) || !table.mayAlter).map(({ object, owner }) => `source: ${object} (owner ${owner})`),
      ...unlike.filter(({ mayAlter }) => !mayAlter).map(({ object, owner }) => `target: ${object} (owner ${owner})`),
    ];
    if (hopeless.length > 0) {
      throw new NotReady(
        `These tables cannot be given a replica identity: ${atMost(MOST_SHOWN, hopeless).join(', ')}. ` +
          'Either none would find their rows, or they belong to a role whose rights we do not have. None of them was changed, and nothing is ' +
          'published yet. Start Preflight, which says what helps each table of the source; on the target make our role a member of the owners.',
      );
    }
    return wanting.length + unlike.length > 0 ? 'todo' : 'done';
  },

  async act(ctx, { wanting }) {
    const { source, target, remainingMs } = ctx;
    if (wanting.length > 0) await ensureRecord(source);
    const left = await tryEach(wanting.map(toSet), (table) => source.query(identitiesSql.setIdentity(table)), remainingMs);
    await demandAll('source', source, left);
    for (let round = 1; round <= ROUNDS_ON_TARGET; round += 1) {
      const twins = await unlikeOn(target, source);
      if (twins.length === 0) return;
      await ensureRecord(target);
      await demandAll('target', target, await tryEach(twins, (table) => setLikeTwin(target, table), remainingMs));
    }
  },

  evidence: ({ wanting, unlike, set }) => ({ set, left: wanting.length, leftOnTarget: unlike.length }),
});

/** @throws TransientError for tables that another session keeps locked */
async function demandAll(name: SideName, side: Reader, left: readonly { readonly relation: number }[]): Promise<void> {
  if (left.length === 0) return;
  const relations = left.map(({ relation }) => relation);
  const names = (await side.query(identitiesSql.namesOf(relations, MOST_SHOWN))).map(({ object }) => object);
  const holders = (await side.query(identitiesSql.holdersOf(relations, MOST_SHOWN))).map(({ holder }) => holder);
  throw new TransientError(
    `The replica identity of ${left.length} tables of the ${name} is still to be set, because a lock on them was not had within a second: ` +
      `${names.join(', ')}${left.length > names.length ? ' and others' : ''}.` +
      `${holders.length > 0 ? ` Sessions that hold locks there now: ${holders.join('; ')}.` : ''} What was set stays set, and nothing is published ` +
      'yet. It is tried again for a quarter of an hour; after that wait until these sessions are through, or end them, and start Replicate again.',
  );
}
