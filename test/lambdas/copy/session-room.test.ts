import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenPorts } from '../../../lambdas/adapters/open-ports.ts';
import { clientConfig } from '../../../lambdas/adapters/postgres/client-config.ts';
import { applicationName, copyRole, REPLICATION_ROLE } from '../../../lambdas/config/names.ts';
import { sessionRoom } from '../../../lambdas/copy/session-room.sql.ts';
import { versions } from '../../support/versions.ts';
import { loginAs, startWorld, type World } from '../../support/world.ts';

describe.each(versions(11, 13, 15, 17, 18))('the sessions that version %i has to spare', (source) => {
  let world: World;
  let other: World;
  let readers: OpenPorts['looking'];
  beforeAll(async () => {
    world = await startWorld({
      source,
      target: 18,
      sourceParameters: { max_connections: 40 },
      targetParameters: { reserved_connections: 4 },
    });
    other = await world.sibling('beside');
    readers = world.ports('CheckReadiness').looking;
  });
  afterAll(() => world?.destroy());

  const roomOf = async (side: 'source' | 'target', role: string = REPLICATION_ROLE) => {
    const [room] = await readers[side].query(sessionRoom(role));
    if (!room) throw new Error('a server says nothing');
    return room;
  };

  it('are what its settings say, without sessions of ours', async () => {
    await expect.poll(async () => (await roomOf('source')).others).toBe(1); // of RDS itself
    const before = await roomOf('source');
    expect(before).toMatchObject({ most: 40, reserved: 3, databaseLimit: null, copyLimit: null, ownLimit: null });
    expect(await roomOf('target', copyRole('x'))).toMatchObject({ reserved: 7 });

    await world.source(`create role app login password 'poor'; create role ${REPLICATION_ROLE} login password 'poor' connection limit 7`);
    const app = loginAs(world, 'source', 'app', 'poor');
    const open = [
      clientConfig(app, 'app'),
      clientConfig({ ...app, database: other.database.name }, 'app'),
      clientConfig({ ...app, database: other.database.name }, applicationName('CopyParts')),
      clientConfig(app, applicationName('CopyParts', '1')),
    ].map((config) => new pg.Client(config));
    await Promise.all(open.map((client) => client.connect()));
    await expect.poll(() => roomOf('source')).toEqual({ ...before, copyLimit: 7, others: 4, databaseOthers: 1 });
    await Promise.all(open.map((client) => client.end()));
  });

  it('are bounded by the limits of roles and of the database', async () => {
    const { database } = world.database.target;
    await world.target(`alter database "${database.replaceAll('"', '""')}" connection limit 30`);
    expect(await roomOf('target')).toMatchObject({ databaseLimit: 30 });
    const [role] = await world.asSourceRole(
      'select current_user as name, quote_ident(current_user) as quoted, rolsuper from pg_roles where rolname = current_user',
    );
    await world.source(`alter role ${role?.quoted} connection limit 20`);
    expect(await roomOf('source', String(role?.name))).toMatchObject({ ownLimit: 20, copyLimit: 20 });
  });
});
