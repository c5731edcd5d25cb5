/** A context on two real servers, after `Replicate`. A walk begins where the one before has ended: one side serves, and everything works. */
import { type OpenPorts, openPorts } from '../../lambdas/adapters/open-ports.ts';
import { parseInput } from '../../lambdas/config/input.ts';
import type { SideName } from '../../lambdas/config/side-name.ts';
import { runStep } from '../../lambdas/engine/step.ts';
import type { Hook } from '../../lambdas/ports/application.ts';
import { statement } from '../../lambdas/postgres/quote.ts';
import { lookAtGates } from '../../lambdas/state/gates.ts';
import { stepNamed } from '../../lambdas/steps/index.ts';
import { eventually, replicated } from '../support/replicated.ts';
import { letInApplication, SWITCHABLE } from '../support/switchable.ts';
import { MANY_TRIES, silent, type World } from '../support/world.ts';
import { Invocation, interruptible, interruptibleReader } from './interruptible.ts';
import { KeptSessions } from './kept-sessions.ts';
import { type WalkContext, WalkedHook, WalkedSecret } from './walk-context.ts';

/** The name that the walks know the streams by. */
const DATABASE = 'shop';
const SIDES = ['source', 'target'] as const;
/** Short, because a walk waits for it; a fence that is over before a busy machine has switched is one of the things that happen. */
const FENCE_SECONDS = 3;

const TABLE = 'public.walked';
const SUBSCRIPTIONS = `select subname::text, subenabled from pg_subscription as s join pg_database as d on d.oid = s.subdbid
where d.datname = current_database() order by 1`;
const SLOTS = 'select slot_name::text from pg_replication_slots where database = current_database() order by 1';

export interface RealWalkContext extends WalkContext {
  destroy(): Promise<void>;
}

export async function realContext(source: 11 | 13 | 15 | 17 | 18, target: 17 | 18): Promise<RealWalkContext> {
  const table = `create table ${TABLE} (token text primary key);`;
  const world = await letInApplication(
    await replicated({
      ...SWITCHABLE,
      ...{ source, target, name: DATABASE },
      schema: `${table}${SWITCHABLE.schema}`,
      targetSchema: `${table}${SWITCHABLE.targetSchema}`,
    }),
  );
  const secret = new WalkedSecret();
  const hook = new WalkedHook();
  const ports = world.ports('Walk').looking;
  const application = new KeptSessions(world, TABLE);
  const rows = <Row>(side: SideName, text: string): Promise<Row[]> => patiently(() => ports[side].query(statement<Row>(text)));
  // Before the first switch the target is open to every role with a login, as the application's here.
  await visit(world, { secret, hook }, 'SwitchOver', 'first', new Invocation(undefined), {});

  return {
    secret,
    hook,
    visit: (machine, execution, invocation, input = {}) => visit(world, { secret, hook }, machine, execution, invocation, input),
    defects: () => [],
    gates: () => patiently(() => lookAtGates(ports.source, ports.target)),
    reconnect: () => application.close(),
    async writable() {
      const taken = await Promise.all(SIDES.map((side) => patiently(() => application.insert(side, 'asked', 'rollback'))));
      return SIDES.filter((_, index) => taken[index]);
    },
    write: (token) => patiently(() => application.insert(secret.leadsTo, token, 'commit')),
    async written(side) {
      return new Set((await rows<{ token: string }>(side, `select token from ${TABLE}`)).map(({ token }) => token));
    },
    async streams() {
      const of = async (side: SideName) => ({
        subscriptions: (await rows<{ subname: string; subenabled: boolean }>(side, SUBSCRIPTIONS)).map(({ subname, subenabled }) => [
          subname,
          { enabled: subenabled },
        ]),
        slots: (await rows<{ slot_name: string }>(side, SLOTS)).map(({ slot_name }) => slot_name),
      });
      return { source: await of('source'), target: await of('target') };
    },
    crash: (side) => world.pair[side].restart({}, 'crash'),
    async passTime() {
      const until = Date.now() + (FENCE_SECONDS + 1) * 1000;
      const fenced = async () =>
        Object.values(await patiently(() => lookAtGates(ports.source, ports.target))).some((gate) => gate?.state === 'fenced');
      await eventually(async () => Date.now() > until || !(await fenced()));
    },
    async destroy() {
      await application.close();
      await world.destroy();
    },
  };
}

async function visit(
  world: World,
  { secret, hook }: Pick<WalkContext, 'secret' | 'hook'>,
  machine: Parameters<WalkContext['visit']>[0],
  execution: string,
  invocation: Invocation,
  input: { readonly execution?: string },
): Promise<'pending' | 'done'> {
  const application = { ...secret, pointAt: (side: SideName) => invocation.call(() => secret.pointAt(side)) };
  const told: Hook = { configured: true, call: (...args) => invocation.call(() => hook.call(...args)) };
  const opened: OpenPorts = openPorts(machine, { ...world.places, application, hook: told });
  const { looking, acting } = opened;
  try {
    const result = await runStep(
      machine,
      stepNamed(machine),
      { state: {}, execution },
      {
        input: parseInput({ fenceSeconds: FENCE_SECONDS, ...input }),
        looking: {
          ...looking,
          source: interruptibleReader(looking.source, invocation),
          target: interruptibleReader(looking.target, invocation),
        },
        acting: { ...acting, source: interruptible(acting.source, invocation), target: interruptible(acting.target, invocation) },
        remainingMs: () => 60_000,
        log: silent,
        now: Date.now,
      },
    );
    return result.verdict;
  } finally {
    await opened.close();
  }
}

/** A server that has just crashed is back within a moment; an insert that was cut off has done nothing, or is refused as a duplicate. */
async function patiently<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries === MANY_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
