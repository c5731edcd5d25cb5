import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientConfig } from '../../../../lambdas/adapters/postgres/client-config.ts';
import { IDENTITIES } from '../../../support/keyless.ts';
import { startWorld, type World } from '../../../support/world.ts';

const INPUT = { replicaIdentity: 'full' };
const SCHEMA = 'create table public.a (v int); create table public.b (v int); insert into public.a values (1)';

describe('replica identities at Cleanup (#11)', () => {
  let base: World;
  let siblings = 0;
  beforeAll(async () => {
    base = await startWorld({ source: 15, target: 17, schema: SCHEMA });
  });
  afterAll(() => base?.destroy());

  const set = async (): Promise<World> => {
    siblings += 1;
    const world = await base.sibling(`Back "${siblings}"`);
    for (const step of ['CreateReplicationRole', 'SetReplicaIdentity', 'CopySchema'] as const) await world.visit(step, { input: INPUT });
    return world;
  };
  const kinds = async (run: World['source']) => (await run(IDENTITIES)).map(({ identity }) => identity).join('');

  it('wait for a locked table, named in the evidence, and are restored once it is free', async () => {
    const world = await set();
    const holder = new pg.Client(clientConfig(world.database.source, 'holder'));
    await holder.connect();
    await holder.query('begin; lock table public.a in row exclusive mode');
    expect(await world.visit('DropReplication')).toMatchObject({
      verdict: 'pending',
      evidence: { source: { replicaIdentitiesToPutBack: ['public.a'] } },
    });
    expect([await kinds(world.source), await kinds(world.target)]).toEqual(['fd', 'dd']);
    await holder.end();
    await world.until('DropReplication');
    expect([await kinds(world.source), await kinds(world.target)]).toEqual(['dd', 'dd']);
  });

  it('are left where the privilege to alter a table was lost, and named with their former value', async () => {
    const world = await set();
    await world.target(`create role thief_${siblings}; alter table public.a owner to thief_${siblings}`);
    const { evidence } = await world.until('DropReplication');
    expect(evidence).toMatchObject({
      target: {
        schema: false,
        replicaIdentitiesLeftAlone: ['public.a: the server refuses to let us alter it; before the migration it was default'],
      },
    });
    expect([await kinds(world.source), await kinds(world.target)]).toEqual(['dd', 'fd']);
  });

  it('are restored once by two concurrent Cleanups, also with the copy dropped', async () => {
    const world = await set();
    const input = { target: 'drop' };
    await Promise.all([world.until('DropReplication', { input }), world.until('DropReplication', { input })]);
    expect([await kinds(world.source), await kinds(world.target)]).toEqual(['dd', '']);
  });
});
