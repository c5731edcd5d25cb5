/** The adapter and the stand-in of the API, which really makes roles and changes settings on an embedded target. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planetScaleApi } from '../../../../lambdas/adapters/planetscale/api.ts';
import type { ChangeRequest } from '../../../../lambdas/ports/planetscale.ts';
import { PlanetScaleStandIn } from '../../../../rehearsal/planetscale/stand-in.ts';
import { startTarget } from '../../../../rehearsal/servers/pair.ts';
import { sqlOn } from '../../../support/world.ts';

const PACE = { timeoutMs: 5_000, pauseMs: 1, patienceMs: 2_000 };
let target: Awaited<ReturnType<typeof startTarget>>;
let api: PlanetScaleStandIn;
beforeAll(async () => {
  target = await startTarget(18, { shared_buffers: '16MB', max_worker_processes: 4 }, {}, 'default');
  if (!target.edge) throw new Error('The target is behind an edge.');
  api = await PlanetScaleStandIn.start(target.server, target.edge);
});
afterAll(() => {
  api?.destroy();
  target?.edge?.destroy();
  target?.server.destroy();
});
const port = () => planetScaleApi({ ...api.site, branch: undefined, url: api.url, token: async () => api.token }, PACE);

async function completed(id: string): Promise<ChangeRequest> {
  for (;;) {
    const change = (await port().changes()).find((known) => known.id === id);
    if (change?.state === 'completed') return change;
  }
}

describe('PlanetScale by its API', () => {
  it('tells the default branch, its cluster, and the addresses from which it connects', async () => {
    expect(port().configured).toBe(true);
    await expect(port().branch()).resolves.toEqual({
      ...api.site,
      clusterSize: 'PS_20',
      isMetal: false,
      isReady: true,
      state: 'ready',
      hasReplicas: true,
      region: 'eu-central',
      addresses: ['198.51.100.7/32', '198.51.100.8/32'],
    });
  });

  it('tells the parameters, and what of them takes a restart', async () => {
    const parameters = await port().parameters();
    expect(parameters.find(({ name }) => name === 'max_worker_processes')).toEqual({
      namespace: 'pgconf',
      name: 'max_worker_processes',
      displayName: 'max_worker_processes',
      category: 'Replication',
      value: '4',
      defaultValue: '4',
      restarts: true,
      isImmutable: false,
      type: 'integer',
      min: 1,
      max: 256,
      options: [],
    });
    expect(parameters.find(({ name }) => name === 'shared_buffers')?.isImmutable).toBe(true);
  });

  it('changes parameters and the disk, until the server has them, and says where there is nothing to change', async () => {
    const wanted = { parameters: { pgconf: { max_worker_processes: '9' } }, storage: { minimumBytes: 20 * 1024 ** 3 } };
    const asked = await port().change(wanted);
    expect(asked).toMatchObject({
      state: 'queued',
      actor: 'the migration',
      parameters: { pgconf: { max_worker_processes: '9' } },
      previousParameters: { pgconf: { max_worker_processes: '4' } },
      minimumStorageBytes: 20 * 1024 ** 3,
      previousMinimumStorageBytes: 10 * 1024 ** 3,
      maximumStorageBytes: 100 * 1024 ** 3,
    });
    await completed(asked?.id ?? '');
    await expect(sqlOn(target.server.superuser())('show max_worker_processes')).resolves.toEqual([{ max_worker_processes: '9' }]);
    await expect(port().change(wanted)).resolves.toBeUndefined();
  });

  it('makes a role that logs in at once, and deletes it', async () => {
    const made = await port().createRole({ name: 'migration', inherits: ['postgres'], replication: true });
    expect(made).toMatchObject({
      name: 'migration',
      isDefault: false,
      host: '127.0.0.1',
      port: target.edge?.port,
      privateHost: 'eu-central.private-pg.psdb.cloud',
      database: 'postgres',
    });
    const { host, database, user, password } = made;
    const tls = { verify: 'full', authorities: target.edge?.authority ?? '' } as const;
    await expect(sqlOn({ host, port: made.port, database, user, password, tls })('select current_user::text as "user"')).resolves.toEqual([
      { user: made.role },
    ]);
    const { id, name, role } = made;
    await expect(port().roles()).resolves.toEqual([{ id, name, user, role, isDefault: false }]);
    await port().deleteRole(id, 'postgres');
    await expect(port().roles()).resolves.toEqual([]);
    await port().deleteRole(id, 'postgres');
  });

  it('asks again after failures that pass, and never makes a role twice', async () => {
    api.letGoWrong(/GET .*parameters/, { status: 503 }, 2);
    api.letGoWrong(/GET .*parameters/, 'lost answer');
    await expect(port().parameters()).resolves.not.toHaveLength(0);
    api.letGoWrong(/POST/, 'lost answer');
    const making = port().createRole({ name: 'lost', inherits: [], replication: false });
    await expect(making).rejects.toMatchObject({ name: 'TransientError', message: expect.stringContaining('is not known') });
    expect(api.roles.list.filter(({ name }) => name === 'lost')).toHaveLength(1);
  });

  it('names the access that the token lacks', async () => {
    const accesses = api.accesses;
    api.accesses = ['read_branch'];
    const refused = (access: string) => ({ name: 'InvalidConfiguration', message: expect.stringContaining(access) });
    await expect(port().change({ storage: { minimumBytes: 1 } })).rejects.toMatchObject(refused('`write_database`'));
    const making = port().createRole({ name: 'one', inherits: [], replication: false });
    await expect(making).rejects.toMatchObject(refused('`create_production_branch_password` or `create_branch_password`'));
    await expect(port().deleteRole('one', 'postgres')).rejects.toMatchObject(
      refused('`delete_production_branch_password` or `delete_branch_password`'),
    );
    api.accesses = [];
    await expect(port().branch()).rejects.toMatchObject(refused('`read_branch` or `read_database`'));
    api.accesses = accesses;
  });

  it('passes on in words why a change is refused', async () => {
    const shrinking = port().change({ storage: { minimumBytes: 1024 ** 3 } });
    await expect(shrinking).rejects.toMatchObject({
      name: 'TargetNotConfigurable',
      message: expect.stringContaining('(422: storage cannot shrink). It was left as it was'),
    });
  });
});
