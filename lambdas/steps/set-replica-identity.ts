/**
 * State `SetReplicaIdentity`: gives tables whose rows cannot be told apart a replica identity on the source, where the input consents to it,
 * and the same to their twins on the target. It comes before the dump, which carries it to the target with the index that it needs, before
 * the publication, under which the application could not update them, and before the slot, because older WAL lacks the old rows.
 * Cleanup puts back what was there.
 */
import type { Database, Looking } from '../contract.ts';
import { copyOn } from '../dump/earlier-copy.ts';
import { NotReady } from '../errors.ts';
import { type Choice, choiceOf, isWanting, newestPublisher } from '../identity/choice.ts';
import { recordOn, stillSet } from '../identity/put-back.ts';
import { tryEach } from '../identity/tries.ts';
import { createHeartbeat } from '../sql/heartbeat.ts';
import { type IdentityFacts, identities } from '../sql/identity.ts';
import {
  createIdentities,
  giveUpSoon,
  holdersOf,
  type IdentityKind,
  identitiesExist,
  identitiesToCarry,
  makeIndex,
  setIdentity,
  type UnlikeTwin,
  unlikeTwins,
} from '../sql/replica-identities.ts';
import { defineStep } from '../step.ts';

type Needs = 'source' | 'target';

interface Seen {
  /** Tables of the source that need another identity. */
  readonly wanting: readonly IdentityFacts[];
  /** Tables of the target that have another identity than we have given their twins. */
  readonly unlike: readonly UnlikeTwin[];
  /** How many we have set on the source. */
  readonly set: number;
  /** Whose locks may be in the way, while something is to be done. */
  readonly holders: readonly string[];
}

const MOST_SHOWN = 20;

async function look({ source, target, input }: Looking<Needs>): Promise<Seen> {
  const record = await recordOn(source);
  const set = stillSet(record).length;
  if (input.replicaIdentity !== 'full') return { wanting: [], unlike: [], set, holders: [] };
  const [version, other] = [await source.version(), await target.version()];
  const tables = await source.query(identities(input, version, newestPublisher(version, other, input.reverse)));
  const wanting = tables.filter(isWanting);
  const holders =
    wanting.length > 0
      ? await source.query(
          holdersOf(
            wanting.map(({ oid }) => oid),
            MOST_SHOWN,
          ),
        )
      : [];
  return { wanting, unlike: await unlikeOn(target, source), set, holders: holders.map(({ holder }) => holder) };
}

/** Nothing before the schema is copied: the dump brings what the source has by then. */
async function unlikeOn(target: Looking<Needs>['target'], source: Looking<Needs>['source']): Promise<readonly UnlikeTwin[]> {
  const [recorded] = await source.query(identitiesExist());
  if (!recorded?.exist || !(await copyOn(target))) return [];
  return target.query(unlikeTwins(await source.query(identitiesToCarry())));
}

const KINDS = { default: 'd', full: 'f', index: 'i' } as const satisfies Record<Choice['kind'], IdentityKind>;

const toSet = (table: IdentityFacts) => {
  const choice = choiceOf(table) ?? { kind: 'full' };
  return { relation: table.oid, seen: table.identity, kind: KINDS[choice.kind], index: choice.kind === 'index' ? choice.oid : null };
};

/** The index comes in a transaction of its own, so that the table is locked no longer than it takes. */
async function setLikeTwin(target: Database, table: UnlikeTwin): Promise<void> {
  const { definition } = table;
  if (definition === null) return void (await target.query(setIdentity(table)));
  await target.transaction(async (session) => {
    await session.query(giveUpSoon());
    await session.query(makeIndex(definition));
  });
}

export const setReplicaIdentity = defineStep({
  needs: ['source', 'target'],
  inspect: look,

  judge({ wanting, unlike }) {
    const hopeless = [
      ...wanting.filter((table) => !choiceOf(table) || !table.mayAlter).map(({ object, owner }) => `source: ${object} (owner ${owner})`),
      ...unlike.filter(({ mayAlter }) => !mayAlter).map(({ object, owner }) => `target: ${object} (owner ${owner})`),
    ];
    if (hopeless.length > 0) {
      throw new NotReady(
        `These tables cannot be given a replica identity: ${hopeless.slice(0, MOST_SHOWN).join(', ')}` +
          `${hopeless.length > MOST_SHOWN ? ` and ${hopeless.length - MOST_SHOWN} more` : ''}. ` +
          'Either none would find their rows, or they belong to somebody whose rights we do not have. None of them was changed, and nothing is ' +
          'published yet. Start Preflight, which says what helps each table of the source; on the target make our role a member of the owners.',
      );
    }
    return wanting.length + unlike.length > 0 ? 'todo' : 'done';
  },

  async act(ctx, { wanting, unlike }) {
    const { source, target, remainingMs } = ctx;
    if (wanting.length > 0) {
      await source.query(createHeartbeat());
      await source.query(createIdentities());
    }
    const left = await tryEach(wanting.map(toSet), (table) => source.query(setIdentity(table)), remainingMs);
    if (unlike.length > 0) await target.query(createIdentities());
    const leftThere = await tryEach(unlike, (table) => setLikeTwin(target, table), remainingMs);
    const newlyUnlike = await unlikeOn(target, source);
    return left.length + leftThere.length + newlyUnlike.length > 0 ? 'pending' : undefined;
  },

  evidence: ({ wanting, unlike, set, holders }) => ({
    set,
    ...(wanting.length > 0 ? { waitingFor: wanting.slice(0, MOST_SHOWN).map(({ object }) => object), locksAreHeldBy: [...holders] } : {}),
    ...(wanting.length > MOST_SHOWN ? { moreWaitingFor: wanting.length - MOST_SHOWN } : {}),
    ...(unlike.length > 0 ? { onTarget: unlike.slice(0, MOST_SHOWN).map(({ object }) => object) } : {}),
  }),
});
