/** What may go wrong in a switch. Each fault strikes at a moment on the wire, which waits for it. */
import { REPLICATION_ROLE, subscriptionName } from '../../lambdas/config/names.ts';
import type { SideName } from '../../lambdas/config/side-name.ts';
import { identifier, literal } from '../../lambdas/postgres/quote.ts';
import { failSourceOver, switchTargetOver } from '../../rehearsal/servers/switchover.ts';
import { placeOf } from '../../rehearsal/workload/connection.ts';
import type { Workload } from '../../rehearsal/workload/workload.ts';
import type { KillableFunctions } from './killable.ts';
import type { Phase, WireMoment } from './phases.ts';
import { eventually } from './replicated.ts';
import { type Straggler, startStraggler } from './straggler.ts';
import { consentTo, SIDES, type Started, type SwitchWorld } from './switching.ts';

/** The switch that a fault strikes. */
export interface FaultContext {
  readonly at: SwitchWorld;
  readonly from: SideName;
  readonly to: SideName;
  /** The execution that is struck. */
  readonly started: Started;
  readonly functions: KillableFunctions;
  readonly writes: Workload;
  /** Whether the switch has been committed. */
  readonly committed: boolean;
  /** What goes on while the wire is free again, and ends by itself. */
  readonly meanwhile: Promise<unknown>[];
  readonly stragglers: Straggler[];
}

export interface Fault {
  /** Done before the fence is raised, where the fault needs it. */
  prepare?(context: FaultContext): Promise<void>;
  strike(context: FaultContext): Promise<void> | void;
  /** Where it would do no harm at the moment of its phase, a later moment of the same phase. */
  instead?(phase: Phase): WireMoment | undefined;
  /** The repair by the operator when the case is over. */
  mend?(context: FaultContext): Promise<void>;
  /** Where the fault makes the fence last, seconds that it may. @default - as long as a switch may need on a busy machine */
  readonly fenceSeconds?: number;
  /** Whether functions have to run in processes of their own. */
  readonly killable?: true;
  /** Whether no more than the side that serves is left of the migration, unless the end of a case says otherwise. */
  readonly final?: true;
}

const FEW_WRITES = 5;
const moreWrites = ({ at, writes }: FaultContext, side: SideName) => writes.untilWritten(placeOf(at.logins[side]), FEW_WRITES);

const FENCE_SECONDS = 2;

/** Nothing passes for longer than the fence may last, by the clock of the server that keeps it. */
const cutNetworkTo = (which: 'from' | 'to'): Fault => ({
  fenceSeconds: FENCE_SECONDS,
  async strike(context) {
    const sql = context.at.sql[context.from];
    const proxy = context.at.proxies[context[which]];
    const [{ until } = {}] = await sql(`select clock_timestamp() + make_interval(secs => ${FENCE_SECONDS + 1}) as until`);
    proxy.blackhole();
    const healed = eventually(async () => {
      const [now] = await sql(
        `select clock_timestamp() > $1 and not exists (select from planetscale_migration.gate where state = 'fenced') as over`,
        [until],
      );
      return now?.over === true;
    });
    context.meanwhile.push(healed.finally(() => proxy.heal()));
  },
});

const changePassword = async (at: SwitchWorld, passwordOf: (side: SideName) => Promise<string>) => {
  for (const side of SIDES) {
    const sql = at.sql[side];
    const [role] = await sql(`select from pg_roles where rolname = '${REPLICATION_ROLE}'`);
    if (role) await sql(`alter role ${REPLICATION_ROLE} password ${literal(await passwordOf(side))}`);
    await sql(`select pg_terminate_backend(pid) from pg_stat_replication where usename = '${REPLICATION_ROLE}'`);
  }
};

const ENTRY = 'rehearsal_workload.entry';

/** The stream that brings what is written at the publisher to the other side. */
const streamFrom = ({ at, from }: FaultContext, publisher: SideName) => {
  const subscriber: SideName = publisher === 'source' ? 'target' : 'source';
  const name = subscriptionName(at.world.database.name, publisher === 'source' ? 'forward' : 'reverse');
  const alter = (what: 'enable' | 'disable') => at.sql[subscriber](`alter subscription ${identifier(name)} ${what}`);
  const isCurrent = publisher === from;
  return {
    isCurrent,
    stop: () => alter('disable'),
    async loseHistory() {
      const sql = at.sql[publisher];
      await eventually(async () => (await sql('select from pg_replication_slots where slot_name = $1 and active', [name])).length === 0);
      await sql(`select pg_drop_replication_slot($1)`, [name]);
      await sql(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [name]);
      if (isCurrent) await alter('enable');
    },
  };
};

export const FAULTS = {
  /** What it has sent last may still arrive. */
  'the function killed': { killable: true, strike: ({ functions }) => functions.kill() },
  'the source failed over': { strike: ({ at }) => failSourceOver(at.world.pair.source, 'stay') },
  'the source failed over without its slots': { final: true, strike: ({ at }) => failSourceOver(at.world.pair.source, 'go') },
  /** To a replica that has the slot of the stream back: it is a failover slot, and the operator has entered its name. */
  'the target switched over': {
    strike: ({ at }) =>
      switchTargetOver(at.world.pair.target, [subscriptionName(at.world.database.name, 'reverse')], { shutdown: 'crash' }),
  },
  'the target switched over without its slots': {
    final: true,
    strike: ({ at }) => switchTargetOver(at.world.pair.target, [], { shutdown: 'crash' }),
  },
  'the network to the current side cut': cutNetworkTo('from'),
  'the network to the new side cut': cutNetworkTo('to'),
  'the replication password changed': {
    strike: ({ at }) => changePassword(at, async () => 'changed by another session'),
    mend: ({ at }) => changePassword(at, (side) => at.world.places.replication.password(side)),
  },
  'DDL on the source': {
    async strike(context) {
      await context.at.sql.source(`alter table ${ENTRY} add column note text`);
      if (context.from === 'source' && !context.committed) await moreWrites(context, 'source'); // whose sessions the fence has not ended yet
    },
    /** What has been written with the column has to arrive before it can go again. */
    async mend({ at: { sql, secret } }) {
      if ((await secret.pointsAt()) === 'source') {
        await sql.target(`alter table ${ENTRY} add column note text`);
        const [noted] = await sql.source(
          `insert into ${ENTRY} (request_id, note) values ('noted ' || gen_random_uuid(), '') returning request_id`,
        );
        await eventually(async () => (await sql.target(`select from ${ENTRY} where request_id = $1`, [noted?.request_id])).length === 1);
      }
      for (const side of SIDES) await sql[side](`alter table ${ENTRY} drop column if exists note`);
    },
  },
  'a straggling writer that ignores the fence': {
    async strike({ at, from, stragglers }) {
      const straggler = startStraggler(at.logins[from]);
      stragglers.push(straggler);
      await eventually(async () => straggler.acknowledged.length > 0 || straggler.refused > 0);
    },
  },
  /** The function goes on when the rule's recovery is through. */
  'the execution aborted': {
    async strike({ started }) {
      started.abort();
      await Promise.all(started.recoveries);
    },
  },
  'two executions at once': {
    async strike({ at, from, meanwhile }) {
      const machine = from === 'source' ? 'Cutover' : 'Rollback';
      const younger = at.start(machine, consentTo(machine));
      const { status, failure } = await younger.ended;
      if (status !== 'FAILED' || failure?.error !== 'AlreadyRunning') throw new Error(`The younger one ended ${status}: ${failure?.cause}`);
      meanwhile.push(Promise.all(younger.recoveries));
    },
  },
  /** Some acknowledged writes are in no slot's history and on no other side. */
  'the slot dropped and re-created': {
    final: true,
    /** The new side has taken writes, which no subscriber has fetched yet. */
    instead: ({ committed }) => (committed ? { statement: /alter subscription \S+ enable/, at: 'request' } : undefined),
    async prepare(context) {
      if (context.committed) return;
      await streamFrom(context, context.from).stop();
      await moreWrites(context, context.from);
    },
    async strike(context) {
      const publisher = context.committed ? context.to : context.from;
      if (context.committed) await moreWrites(context, publisher);
      await streamFrom(context, publisher).loseHistory();
    },
  },
} as const satisfies Readonly<Record<string, Fault>>;

export type FaultName = keyof typeof FAULTS;
