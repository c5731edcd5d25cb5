/** The stand-in of PlanetScale's API, held to what the real one promises. */
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Change, Refused } from '../../../rehearsal/planetscale/changes.ts';
import { platformSql } from '../../../rehearsal/planetscale/sql.ts';
import { PlanetScaleStandIn } from '../../../rehearsal/planetscale/stand-in.ts';
import { startTarget } from '../../../rehearsal/servers/pair.ts';
import { sqlOn } from '../../support/world.ts';
import { ANSWERS } from './schema.ts';

const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true });

type Target = Awaited<ReturnType<typeof startTarget>>;
let target: Target;
let api: PlanetScaleStandIn;
beforeAll(async () => {
  target = await startTarget(18, { shared_buffers: '16MB', max_worker_processes: 4, wal_level: 'replica' }, {}, 'default');
  if (!target.edge) throw new Error('The target is behind an edge.');
  api = await PlanetScaleStandIn.start(target.server, target.edge);
});
afterAll(() => {
  api?.destroy();
  target?.edge?.destroy();
  target?.server.destroy();
});

const BRANCH = '/branches/main';

async function call(method: string, path: string, body?: unknown, token = api.token): Promise<{ status: number; body: never }> {
  const { organization, database } = api.site;
  const response = await fetch(`${api.url}/organizations/${organization}/databases/${database}${path}`, {
    method,
    headers: { authorization: `${token.id}:${token.token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as never };
}

/** The answer, which is as the schema of its call says. */
async function kept<Body>(as: keyof typeof ANSWERS, method: string, path: string, body?: unknown): Promise<Body> {
  const { status, body: answer } = await call(method, path, body);
  expect([status, ajv.validate(ANSWERS[as], answer), ajv.errors]).toEqual([200, true, null]);
  return answer as Body;
}

async function untilDone(id: string): Promise<Change['state'][]> {
  const states: Change['state'][] = [];
  for (;;) {
    const { state } = await kept<Change>('GET /branches/main/changes/:id', 'GET', `${BRANCH}/changes/${id}`);
    if (states.at(-1) !== state) states.push(state);
    if (state === 'completed' || state === 'canceled') return states;
  }
}
const ask = (body: unknown) => kept<Change>('PATCH /branches/main/changes', 'PATCH', `${BRANCH}/changes`, body);
const parameters = (values: Record<string, string>) => ({ parameters: { pgconf: values } });
const setting = async (name: string) => (await platformSql(target.server)(`show ${name}`))[0]?.[name];

describe('an answer of the stand-in', () => {
  it('is as the API promises, for the database, the branch and its parameters', async () => {
    await kept('GET ', 'GET', '');
    await kept('GET /branches/main', 'GET', BRANCH);
    await kept('GET /branches/main/parameters', 'GET', `${BRANCH}/parameters`);
    await kept('GET /branches/main/roles/default', 'GET', `${BRANCH}/roles/default`);
  });

  it('of what is not allowed names a status, and nothing is done', async () => {
    expect((await call('GET', BRANCH, undefined, { id: 'x', token: 'y' })).status).toBe(401);
    expect((await call('GET', '/branches/none')).status).toBe(404);
    api.accesses = ['read_branch'];
    expect((await call('PATCH', `${BRANCH}/changes`, parameters({ max_worker_processes: '9' }))).status).toBe(403);
    api.accesses = ['read_branch', 'write_database', 'create_branch_password', 'delete_branch_password'];
    expect(api.changes.list).toEqual([]);
  });
});

describe('a change of the stand-in', () => {
  it('that restarts goes from state to state, restarts the server through its edge, and ends its connections', async () => {
    const before = await setting('max_worker_processes');
    const { error } = await held(target);
    const change = await ask(parameters({ max_worker_processes: '16', wal_level: 'logical' }));
    expect(change.state).toBe('queued');
    expect(await untilDone(change.id)).toEqual(['pending', 'resizing', 'completed']);
    expect([before, await setting('max_worker_processes'), await setting('wal_level')]).toEqual(['4', '16', 'logical']);
    expect(await error).toBeInstanceOf(Error);
    expect(api.changes.restarts).toBe(1);
  });

  it('that only reloads is in force without a restart', async () => {
    const change = await ask(parameters({ hot_standby_feedback: 'on', max_slot_wal_keep_size: '8192' }));
    await untilDone(change.id);
    await expect.poll(() => setting('max_slot_wal_keep_size')).toBe('8GB');
    expect(api.changes.restarts).toBe(1);
  });

  it('is nothing where everything is so already, and is added to one in the queue', async () => {
    expect((await call('PATCH', `${BRANCH}/changes`, parameters({ wal_level: 'logical' }))).status).toBe(204);
    api.changes.heldAt = 'queued';
    const first = await ask(parameters({ max_wal_senders: '20' }));
    const second = await ask(parameters({ max_replication_slots: '20' }));
    expect(second.id).toBe(first.id);
    expect(second.parameters).toEqual({ pgconf: { max_wal_senders: '20', max_replication_slots: '20' } });
    api.changes.heldAt = undefined;
    await untilDone(first.id);
    await kept('GET /branches/main/changes', 'GET', `${BRANCH}/changes`);
  });

  it('may be canceled, and then nothing is changed', async () => {
    api.changes.cancelsNext = true;
    const change = await ask(parameters({ max_connections: '300' }));
    expect(await untilDone(change.id)).toEqual(['pending', 'canceled']);
    expect(await setting('max_connections')).not.toBe('300');
  });

  it('is refused where the cluster cannot have it', async () => {
    const refused = async (body: unknown) => (await call('PATCH', `${BRANCH}/changes`, body)).status;
    expect(await refused(parameters({ shared_buffers: '1GB' }))).toBe(422);
    expect(await refused(parameters({ max_worker_processes: '100000' }))).toBe(422);
    expect(await refused(parameters({ wal_level: 'minimal' }))).toBe(422);
    expect(await refused(parameters({ no_such_parameter: '1' }))).toBe(422);
    expect(await refused({ storage: { minimum_storage_bytes: 1 } })).toBe(422);
  });

  it('grows the disk once, and not again within hours', async () => {
    const change = await ask({ storage: { minimum_storage_bytes: 20 * 1024 ** 3 } });
    await untilDone(change.id);
    expect(api.changes.storage.minimum).toBe(20 * 1024 ** 3);
    expect(() => api.changes.upsert({ storage: { minimum_storage_bytes: 30 * 1024 ** 3 } }, 'us')).toThrow(Refused);
  });
});

/** A connection of the default role's that stays open, and the error by which it ends. */
async function held({ edge, createDatabase }: Target) {
  if (!edge) throw new Error('The target is behind an edge.');
  const login = await createDatabase('held');
  const error = sqlOn(login)('select pg_sleep(3600)').catch((failure: unknown) => failure);
  const sleeping = `select 1 from pg_stat_activity where query = 'select pg_sleep(3600)'`;
  await expect.poll(async () => (await platformSql(target.server)(sleeping)).length).toBe(1);
  return { error };
}

describe('a role of the stand-in', () => {
  it('logs in with its branch, has what was asked for and no more, and its password is told once', async () => {
    const made = await kept<{ id: string; username: string; base_username: string; password: string }>(
      'POST /branches/main/roles',
      'POST',
      `${BRANCH}/roles`,
      { name: 'ours', inherited_roles: ['postgres', 'pg_read_all_data'], with_replication: true },
    );
    const settings = target.edge?.login(made.base_username, made.password, 'held');
    if (!settings) throw new Error('The target is behind an edge.');
    expect(settings.user).toBe(made.username);
    const [role] = await sqlOn(settings)('select rolreplication, rolcreaterole, rolbypassrls from pg_roles where rolname = current_user');
    expect(role).toEqual({ rolreplication: true, rolcreaterole: false, rolbypassrls: false });
    const again = await kept<{ password: string }>('GET /branches/main/roles/:id', 'GET', `${BRANCH}/roles/${made.id}`);
    expect(again.password).toBe('');
    await kept('GET /branches/main/roles', 'GET', `${BRANCH}/roles`);
  });

  it('is deleted only where somebody gets what it owns', async () => {
    const [role] = api.roles.list;
    if (!role) throw new Error('A role was made.');
    await platformSql(target.server, 'held')(`create table owned (); alter table owned owner to "${role.role}"`);
    expect((await call('DELETE', `${BRANCH}/roles/${role.id}`)).status).toBe(422);
    expect((await call('DELETE', `${BRANCH}/roles/${role.id}?successor=postgres`)).status).toBe(204);
    const [table] = await platformSql(
      target.server,
      'held',
    )(`select relowner::regrole::text as owner from pg_class where relname = 'owned'`);
    expect(table).toEqual({ owner: 'postgres' });
    expect((await call('DELETE', `${BRANCH}/roles/${role.id}?successor=postgres`)).status).toBe(404);
  });
});

describe('a mishap of the stand-in', () => {
  it('is a status, or an answer that is lost after the call was carried out', async () => {
    api.letGoWrong(/^GET \/branches\/main$/, { status: 429, headers: { 'retry-after': '1' } });
    expect((await call('GET', BRANCH)).status).toBe(429);
    expect((await call('GET', BRANCH)).status).toBe(200);
    api.letGoWrong(/^POST/, 'lost answer');
    await expect(call('POST', `${BRANCH}/roles`, { name: 'lost' })).rejects.toThrow();
    expect(api.roles.list.map(({ name }) => name)).toEqual(['lost']);
  });
});
