import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPLICATION_ROLE } from '../../lambdas/config/names.ts';
import { type BothCatalogs, catalogsOfBoth, compareCatalogs } from '../../rehearsal/inventory/unchanged.ts';
import { type Pair, type PairedDatabase, startPair } from '../../rehearsal/servers/pair.ts';
import { sql } from '../support/rehearsal.ts';

const SCHEMA = 'create schema shop; create table shop.t (id integer primary key, v text); create table shop.u (v text not null unique)';

describe.each([11, 18] as const)('the comparison of catalogs of a source %i', (version) => {
  let pair: Pair;
  let database: PairedDatabase;
  beforeAll(async () => {
    pair = await startPair({ source: version, target: 18, sourceParameters: { wal_level: 'logical' } });
    database = await pair.createDatabase('Catalogs "x"');
    await sql(database.source, SCHEMA);
  });
  afterAll(() => pair.destroy());

  const changed = async (side: 'source' | 'target', change: string, undo: string): Promise<readonly string[]> => {
    const before = await catalogsOfBoth(database);
    const asSuperuser = pair[side].superuser(database.name);
    await sql(asSuperuser, change);
    const found = compareCatalogs(before, await catalogsOfBoth(database));
    await sql(asSuperuser, undo);
    expect(compareCatalogs(before, await catalogsOfBoth(database)).different).toEqual([]);
    expect(found.compared).toBeGreaterThan(50);
    return found.different;
  };

  const EITHER_SIDE = [
    ['a role', 'create role left_behind', 'drop role left_behind', 'roles: left_behind was left'],
    [
      'a setting, without its value',
      `alter database "Catalogs ""x""" set my.setting = 'canary'`,
      `alter database "Catalogs ""x""" reset my.setting`,
      'settings: my.setting of role any in database Catalogs "x" was left',
    ],
    [
      'a right on the database',
      `revoke connect on database "Catalogs ""x""" from public`,
      `grant connect on database "Catalogs ""x""" to public`,
      /databaseRights: CONNECT of public on the database by \w+ is gone/,
    ],
    [
      'a slot',
      `select pg_create_logical_replication_slot('forgotten', 'pgoutput')`,
      `select pg_drop_replication_slot('forgotten')`,
      'slots: forgotten was left',
    ],
    ['a publication', 'create publication p', 'drop publication p', 'publications: p was left'],
    [
      'a subscription',
      `create subscription s connection 'dbname=x' publication p with (connect = false)`,
      'alter subscription s set (slot_name = none); drop subscription s',
      'subscriptions: s was left',
    ],
    [
      'a schema of ours',
      'create schema planetscale_migration',
      'drop schema planetscale_migration',
      'schemas: planetscale_migration was left',
    ],
  ] as const;

  it.each((['source', 'target'] as const).flatMap((side) => EITHER_SIDE.map((one) => [side, ...one] as const)))(
    'shows on the %s %s',
    async (side, _, change, undo, words) => {
      const found = await changed(side, change, undo);
      expect(found.join()).not.toContain('canary');
      expect(found.join('\n')).toMatch(typeof words === 'string' ? `${side}, ${words}` : words);
    },
  );

  it.each([
    [
      'a changed replica identity',
      'alter table shop.u replica identity full',
      'alter table shop.u replica identity default',
      'source, identities: shop.u is not as it was',
    ],
    [
      'a right on a table',
      'grant select on shop.t to pg_monitor',
      'revoke select on shop.t from pg_monitor',
      'source, rights: SELECT of pg_monitor',
    ],
    ['a table', 'create table shop.left_behind (x int)', 'drop table shop.left_behind', 'source, objects: table shop.left_behind was left'],
  ])('shows on the source %s', async (_, change, undo, words) => {
    expect((await changed('source', change, undo)).join('\n')).toContain(words);
  });

  it('does not count the copy on the target as left behind', async () => {
    expect(await changed('target', `${SCHEMA}; grant select on shop.t to pg_monitor`, 'drop schema shop cascade')).toEqual([]);
  });
});

it('the comparison of catalogs lets a replication role made beforehand be dropped, and not be left (#11)', () => {
  const [role, other] = [REPLICATION_ROLE, 'other'].map((name) => ({ source: { roles: [{ name, detail: '' }] }, target: {} }));
  const none = { source: { roles: [] }, target: {} };
  expect(compareCatalogs(role as BothCatalogs, none).different).toEqual([]);
  expect(compareCatalogs(role as BothCatalogs, role as BothCatalogs).different).toEqual([`source, roles: ${REPLICATION_ROLE} was left`]);
  expect(compareCatalogs(other as BothCatalogs, none).different).toEqual(['source, roles: other is gone']);
});
