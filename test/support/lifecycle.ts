/**
 * Takes a step through its whole lifecycle on real servers: fresh, already done, crashed after acting, two at once, and inspected inside
 * `begin read only`. Every step that acts passes through here.
 */
import pg from 'pg';
import { expect, it } from 'vitest';
import { clientConfig } from '../../lambdas/adapters/postgres/client-config.ts';
import { TransientError } from '../../lambdas/config/errors.ts';
import { parseInput } from '../../lambdas/config/input.ts';
import type { Visit } from '../../lambdas/engine/contract.ts';
import type { StepName } from '../../lambdas/engine/machines.ts';
import type { AnyStep } from '../../lambdas/engine/step.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import type { Reader, Statement } from '../../lambdas/ports/database.ts';
import { stepNamed } from '../../lambdas/steps/index.ts';
import { silent, type VisitOptions, type World } from './world.ts';

export interface Lifecycle extends VisitOptions {
  /** A new world in which the step has not acted yet and everything before it is done. Destroyed after each test. */
  world(): Promise<World>;
  /** What the step is for, read from the servers; must differ before and after, and must not change by running it again. */
  effect(world: World): Promise<unknown>;
}

/** Declares the tests of one step's lifecycle. Call it inside a `describe`. */
export function describeLifecycle(name: StepName, lifecycle: Lifecycle): void {
  const step = stepNamed(name);
  const { world: make, effect, ...options } = lifecycle;
  const neverActs: AnyStep = {
    ...step,
    async act() {
      throw new Error(`${name} acted although there was nothing to do`);
    },
  };
  const inWorld = (test: (world: World) => Promise<void>) => async () => {
    const world = await make();
    try {
      await test(world);
    } finally {
      await world.destroy();
    }
  };

  it(
    'takes effect when fresh, and does not act again when done',
    inWorld(async (world) => {
      const before = await effect(world);
      await world.until(name, options);
      const after = await effect(world);
      expect(after).not.toEqual(before);
      await expect(world.run(name, neverActs, options)).resolves.toHaveProperty('verdict');
      expect(await effect(world)).toEqual(after);
    }),
  );

  it(
    'continues after a crash between acting and returning',
    inWorld(async (world) => {
      const ports = world.ports(name);
      const visit = visitOf(options);
      const seen = await step.inspect({ ...visit, ...ports.looking });
      expect(step.judge(seen, visit.input)).toBe('todo');
      await step.act?.({ ...visit, ...ports.acting }, seen);
      await ports.close();
      await expect(world.run(name, neverActs, options)).resolves.toHaveProperty('verdict');
    }),
  );

  it(
    'may run twice at once',
    inWorld(async (world) => {
      const both = await Promise.allSettled([world.until(name, options), world.until(name, options)]);
      for (const one of both) if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(TransientError);
      await world.until(name, options);
      const after = await effect(world);
      await expect(world.run(name, neverActs, options)).resolves.toHaveProperty('verdict');
      expect(await effect(world)).toEqual(after);
    }),
  );

  it(
    'inspects inside a read-only transaction',
    inWorld(async (world) => {
      const readers = await Promise.all([readOnly(world.database.source), readOnly(world.database.target)]);
      const ports = world.ports(name);
      const [source, target] = readers.map(({ reader }) => reader) as [Reader, Reader];
      const before = await effect(world);
      await step.inspect({ ...visitOf(options), ...ports.looking, source, target });
      expect(await effect(world)).toEqual(before);
      await Promise.all(readers.map(({ end }) => end()));
    }),
  );
}

const visitOf = ({ input = {}, state = {}, budgetMs = 60_000 }: VisitOptions): Visit => ({
  input: parseInput(input),
  execution: 'test',
  previous: undefined,
  results: state,
  waitedSeconds: 0,
  remainingMs: () => budgetMs,
  log: silent,
});

/** A reader whose every query runs in one `begin read only` that a statement cannot leave. */
async function readOnly(settings: ConnectionSettings): Promise<{ reader: Reader; end(): Promise<void> }> {
  const client = new pg.Client(clientConfig(settings, 'test read only'));
  await client.connect();
  await client.query('begin read only; set local search_path = pg_catalog');
  const query = async <Row>(statement: Statement<Row>) =>
    (await client.query({ text: statement.text, values: [...statement.values] })).rows as Row[];
  const { host, port, database, user } = settings;
  return {
    reader: {
      endpoint: { host, port, database, user },
      query,
      snapshot: (look) => look({ query }),
      version: async () => Math.floor(Number((await client.query('show server_version_num')).rows[0].server_version_num) / 10_000),
    },
    end: () => client.end(),
  };
}
