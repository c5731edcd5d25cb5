/** What a server keeps of the statements that carry the replication password. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Statement } from '../../../lambdas/ports/database.ts';
import { DUPLICATE_OBJECT, UNDEFINED_OBJECT } from '../../../lambdas/postgres/sqlstates.ts';
import { connectionString } from '../../../lambdas/replication/connection.ts';
import {
  createCopylessSubscription,
  createSubscription,
  forgetSubscription,
  setConnection,
} from '../../../lambdas/replication/subscriptions.sql.ts';
import { startWorld, type World } from '../../support/world.ts';

const CANARY = "canary's \\ password";
const NAME = 'a_subscription';
const OPTIONS = { binary: false, streaming: 'off' } as const;
/** No server listens on port 1. */
const nowhere = (libpq?: number): string =>
  connectionString({ user: 'x', host: '127.0.0.1', port: 1, sslmode: 'require' }, CANARY, 'nowhere', 'x', libpq);
const NOWHERE = nowhere();
const run = (world: World, side: 'source' | 'target', statements: readonly Statement[]): Promise<void> =>
  world.ports('Secret').acting[side].transaction(async (session) => {
    for (const statement of statements) await session.query(statement);
  });

it('the log of version 11 holds no password of a stream back that the target refuses', async () => {
  const world = await startWorld({ source: 11, sourceParameters: { log_statement: 'ddl' } });
  try {
    await expect(run(world, 'source', createCopylessSubscription(NAME, nowhere(11), 11))).rejects.toThrow(
      'could not connect to the publisher',
    );
    expect(world.pair.source.log).not.toContain('canary');
  } finally {
    await world.destroy();
  }
});

describe.each([
  [15, 18],
  [18, 17],
] as const)('the logs of versions %i and %i', (source, target) => {
  let world: World;
  beforeAll(async () => {
    const parameters = { log_statement: 'ddl', log_min_messages: 'info', log_error_verbosity: 'verbose' };
    world = await startWorld({ source, target, sourceParameters: parameters, targetParameters: parameters });
  });
  afterAll(() => world?.destroy());

  it.each(['source', 'target'] as const)(
    'hold no password of a subscription on the %s, whether it is created, altered or refused',
    async (side) => {
      await run(world, side, createSubscription(NAME, NOWHERE, OPTIONS));
      await run(world, side, setConnection(NAME, `${NOWHERE} application_name=another`));
      const [made] = await world[side]('select subname, subconninfo from pg_subscription');
      expect(made).toEqual({ subname: NAME, subconninfo: `${NOWHERE} application_name=another` });
      await expect(run(world, side, createSubscription(NAME, NOWHERE, OPTIONS))).rejects.toMatchObject({
        complaint: { code: DUPLICATE_OBJECT },
      });
      await expect(run(world, side, setConnection('of another name', NOWHERE))).rejects.toMatchObject({
        complaint: { code: UNDEFINED_OBJECT },
      });
      const copyless = run(world, side, createCopylessSubscription('copyless', NOWHERE, side === 'source' ? source : target));
      await expect(copyless).rejects.toMatchObject({
        name: 'TransientError',
        message: expect.stringContaining('could not connect to the publisher'),
      });
      await run(world, side, forgetSubscription(NAME).slice(1));
      expect(world.pair[side].log).toContain('create subscription "a_subscription');
      expect(world.pair[side].log).not.toContain('canary');
    },
  );

  it('hold no password where every statement is logged, if our role may switch that off', async () => {
    await world.source(`alter database "${world.database.name.replaceAll('"', '""')}" set log_statement = 'all'`);
    const [{ rolsuper } = {}] = await world.asSourceRole('select rolsuper from pg_roles where rolname = current_user');
    if (!rolsuper) await world.source(`grant set on parameter log_statement, log_parameter_max_length to ${world.places.source.user}`);
    await run(world, 'source', createSubscription(NAME, NOWHERE, OPTIONS));
    expect(world.pair.source.log).toContain('create subscription "a_subscription');
    expect(world.pair.source.log).not.toContain('canary');
  });
});
