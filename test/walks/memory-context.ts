/** A context in memory, after `Replicate`: the forward stream runs, and no switch was prepared yet. */
import { StatementFailed } from '../../lambdas/config/errors.ts';
import { DEFAULT_INPUT } from '../../lambdas/config/input.ts';
import { subscriptionName } from '../../lambdas/config/names.ts';
import type { SideName } from '../../lambdas/config/side-name.ts';
import { runStep } from '../../lambdas/engine/step.ts';
import type { Database, Reader, Session, Statement } from '../../lambdas/ports/database.ts';
import { writeNote } from '../../lambdas/replication/connection.ts';
import { stepNamed } from '../../lambdas/steps/index.ts';
import { silent } from '../support/world.ts';
import { interruptible, interruptibleReader } from './interruptible.ts';
import { MemoryServer, type MemorySession, type MemoryServer as Server } from './memory-server.ts';
import { callOf } from './tagged.ts';
import { type WalkContext, WalkedHook, WalkedSecret } from './walk-context.ts';

const DATABASE = 'shop';
/** Asked for here, where the module is what the test has made of it. */
const gatesModule = import('../../lambdas/state/gates.sql.ts');
/** Longer than a fence may last. */
const LONG_MS = 60_000;

async function ask<Row>(server: Server, session: MemorySession, statement: Statement<Row>): Promise<Row[]> {
  server.demand(session);
  const call = callOf(statement);
  if (!call) throw new Error(`No function of a .sql.ts made this statement: ${statement.text}`);
  return server.run(session, call.name, call.args) as Row[];
}

const readerOf = (server: Server, name: SideName): Reader => {
  const query: Reader['query'] = async (statement) => ask(server, server.connect(), statement);
  return {
    endpoint: { host: name, port: 5432, database: DATABASE, user: 'us' },
    version: async () => 17,
    query,
    snapshot: async (look) => look({ query }),
  };
};

const databaseOf = (server: Server, name: SideName): Database => ({
  ...readerOf(server, name),
  async transaction(work) {
    const session = server.connect();
    const rollBack = server.save();
    try {
      return await work({ query: (statement) => ask(server, session, statement), script: async () => {} });
    } catch (error) {
      rollBack();
      throw error;
    }
  },
  session: async (tag) => sessionOf(server, tag),
});

function sessionOf(server: Server, tag: string): Session {
  const session = server.connect();
  let rollBack: (() => void) | undefined;
  const end = () => {
    rollBack?.();
    rollBack = undefined;
    session.gone = true;
  };
  return {
    query: (statement) => ask(server, session, statement),
    async script(text) {
      server.demand(session);
      if (text === 'begin') rollBack = server.save();
      if (text === 'rollback') rollBack?.();
      if (text === 'commit' || text === 'rollback') rollBack = undefined;
      const [, seconds, attempt] = /pg_sleep\(([\d.]+)\)[\s\S]*gate\.attempt = '([^']+)'/.exec(text) ?? [];
      if (tag === 'fence' && seconds && attempt) {
        server.deadMen.push({ epoch: server.epoch, at: server.clock.now + Number(seconds) * 1000, attempt });
      }
    },
    end: async () => end(),
    leave: end,
  };
}

export function memoryContext(): WalkContext {
  const clock = { now: 0 };
  const servers = { source: new MemoryServer(clock), target: new MemoryServer(clock) };
  const { source, target } = servers;
  source.other = target;
  target.other = source;
  source.publication = true;
  const forward = subscriptionName(DATABASE);
  source.slots.set(forward, { sent: 0 });
  target.subscriptions.set(forward, { enabled: true, note: writeNote('of the walk', 'nowhere', false) });
  const secret = new WalkedSecret();
  const hook = new WalkedHook();
  const views = { source: readerOf(source, 'source'), target: readerOf(target, 'target') };
  const ports = { source: databaseOf(source, 'source'), target: databaseOf(target, 'target') };

  return {
    secret,
    hook,
    async visit(machine, execution, invocation, input = {}) {
      const others = {
        executions: { older: async () => undefined },
        replication: {
          user: 'streams',
          password: async () => 'secret',
          host: 'source',
          port: 5432,
          sslmode: 'require',
          works: async () => true,
          route: async (host: SideName) => ({ user: 'streams', host, port: 5432, sslmode: 'require', channelBinding: true }),
        },
        application: { ...secret, pointAt: (side: SideName) => invocation.call(() => secret.pointAt(side)) },
        hook: { configured: true, call: (...args: Parameters<typeof hook.call>) => invocation.call(() => hook.call(...args)) },
      };
      const looking = {
        ...others,
        source: interruptibleReader(views.source, invocation),
        target: interruptibleReader(views.target, invocation),
      };
      const acting = { ...others, source: interruptible(ports.source, invocation), target: interruptible(ports.target, invocation) };
      const result = await runStep(
        machine,
        stepNamed(machine),
        { state: {}, execution },
        {
          input: { ...DEFAULT_INPUT, ...input },
          ...({ looking, acting } as unknown as Pick<Parameters<typeof runStep>[3], 'looking' | 'acting'>),
          remainingMs: () => LONG_MS,
          log: silent,
          now: () => clock.now,
        },
      );
      return result.verdict;
    },
    defects: () => [...source.unknown, ...target.unknown],
    async gates() {
      const [one, other] = await Promise.all([gateOf(views.source), gateOf(views.target)]);
      return { source: one, target: other };
    },
    reconnect: async () => {}, // it has no sessions
    writable: async () => (['source', 'target'] as const).filter((side) => servers[side].writable),
    async write(token) {
      const server = servers[secret.leadsTo];
      if (!server.writable) return false;
      server.rows.add(token);
      server.wal.push(token);
      return true;
    },
    async written(side) {
      source.receive();
      target.receive();
      return servers[side].rows;
    },
    async streams() {
      const of = ({ subscriptions, slots }: Server) => ({
        subscriptions: [...subscriptions].map(([name, { enabled }]) => [name, { enabled }]),
        slots: [...slots.keys()],
      });
      return { source: of(source), target: of(target) };
    },
    async crash(side) {
      servers[side].crash();
    },
    async passTime() {
      clock.now += LONG_MS;
      for (const server of [source, target]) server.timePassed();
    },
  };
}

async function gateOf(reader: Reader) {
  const { gateState } = await gatesModule;
  try {
    return (await reader.query(gateState()))[0];
  } catch (error) {
    if (error instanceof StatementFailed) return undefined;
    throw error;
  }
}
