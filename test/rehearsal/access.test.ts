import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AccessComparison, compareAccess } from '../../rehearsal/inventory/access.ts';
import { withoutCarried } from '../../rehearsal/inventory/carried.ts';
import type { Catalogs, Subject } from '../../rehearsal/inventory/catalogs.ts';
import { lookAtBoth } from '../../rehearsal/inventory/look.ts';
import type { ServerVersion } from '../../rehearsal/servers/binaries.ts';
import { LOW, OWNER, ownedSchema, READER } from '../support/owned-schema.ts';
import { startWorld, type World } from '../support/world.ts';

const q = (name: string): string => `"${name.replaceAll('"', '""')}"`;

describe.each<[ServerVersion, ServerVersion]>([
  [11, 17],
  [18, 18],
])("the rehearsal's own comparison of owners and rights, from %d to %d", (source, target) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source, target, schema: ownedSchema(source) });
    for (const step of ['CopySchema', 'BuildIndexes'] as const) await world.until(step);
  });
  afterAll(() => world?.destroy());
  const look = (): Promise<AccessComparison> => lookAtBoth(world.database, (both) => compareAccess(both));

  it('finds nothing between equal sides, of which there is much to compare', async () => {
    const { compared, different } = await look();
    expect(different).toEqual([]);
    expect(compared).toBeGreaterThan(200);
  });

  it.each([
    [
      'an owner',
      `alter sequence shop.numbers owner to ${q(OWNER)}`,
      `alter sequence shop.numbers owner to ${q(LOW)}`,
      /owner of sequence "shop"\."numbers": Low on the source, Shop .* on the target/,
    ],
    [
      'the owner of a function',
      'alter function shop.closed() owner to postgres',
      `alter function shop.closed() owner to ${q(LOW)}`,
      /owner of function .*closed.*: Low on the source, the role that migrates on the target/,
    ],
    [
      'EXECUTE for everybody',
      'grant execute on function shop.closed() to public',
      'revoke execute on function shop.closed() from public',
      /rights of public on function .*closed.*: none on the source, EXECUTE on the target/,
    ],
    [
      'a right on a column',
      `grant update (note) on shop.orders to writer with grant option`,
      `revoke update (note) on shop.orders from writer`,
      /rights of writer on table .*UPDATE, UPDATE WITH GRANT OPTION \("note"\) on the target/,
    ],
    [
      'a right on a schema',
      `grant create on schema shop to writer`,
      `revoke create on schema shop from writer`,
      /rights of writer on schema/,
    ],
    [
      'a right on a type',
      `revoke usage on type shop.money from public`,
      `grant usage on type shop.money to public`,
      /rights of public on type "shop"\."money"/,
    ],
    [
      'a right on a sequence',
      `grant update on sequence shop.ledger_id_seq to "a member"`,
      `revoke update on sequence shop.ledger_id_seq from "a member"`,
      /rights of a member on sequence/,
    ],
    [
      'a right on the database',
      `do $$ begin execute format('grant create on database %I to writer', current_database()); end $$`,
      `do $$ begin execute format('revoke create on database %I from writer', current_database()); end $$`,
      /rights of writer on the database/,
    ],
    [
      'a membership',
      `grant ${q(READER)} to ${q(LOW)}`,
      `revoke ${q(READER)} from ${q(LOW)}`,
      /membership of "Low" in "rêader's role": none on the source, inherit, set on the target/,
    ],
    [
      'an option of a membership',
      `set allow_system_table_mods = on; update pg_auth_members set set_option = false where member = 'writer'::regrole`,
      `set allow_system_table_mods = on; update pg_auth_members set set_option = true where member = 'writer'::regrole`,
      /membership of "writer" in "rêader's role": admin, inherit, set on the source, admin, inherit on the target/,
    ],
    [
      'a default privilege',
      'alter default privileges for role writer grant select on tables to public',
      'alter default privileges for role writer revoke select on tables from public',
      /default privileges of writer on tables in every schema/,
    ],
    ['a setting of a role', `alter role writer set work_mem = '77MB'`, 'alter role writer reset work_mem', /^setting work_mem of writer$/],
  ])('finds %s that was changed on the target', async (_what, change, undo, words) => {
    await world.target(change);
    const { different } = await look();
    await world.target(undo);
    expect(different).toEqual(expect.arrayContaining([expect.stringMatching(words)]));
    expect(different.join()).not.toContain('77MB');
    expect((await look()).different).toEqual([]);
  });

  it('finds a role that was not carried', async () => {
    await world.source('create role left_over; grant select on shop.ledger to left_over');
    expect((await look()).different).toEqual(['role left_over: not on the target']);
  });
});

describe('what was carried for good, in the comparison of catalogs', () => {
  const entry = (name: string, detail = '') => ({ name, detail });
  const catalogs = (one: Partial<Record<Subject, ReturnType<typeof entry>[]>>): Catalogs => ({
    roles: [],
    members: [],
    settings: [],
    databaseRights: [],
    ...one,
  });
  const PUBLIC = entry('CONNECT of public on the database by postgres', 'false');
  const source = catalogs({
    roles: [entry('writer', 'f/f/t/f/f/t/5'), entry('app', 'f/f/f/f/f/t/-1')],
    members: [entry('writer in app', 'fft by 1')],
    settings: [entry('work_mem of role writer in database any', 'work_mem=1MB')],
    databaseRights: [entry('CONNECT of writer on the database by master', 'false')],
  });
  const before = catalogs({ roles: [entry('postgres', 'f/t/t/f/f/t/-1')], databaseRights: [PUBLIC] });
  const left = (after: Partial<Record<Subject, ReturnType<typeof entry>[]>>): string[] =>
    Object.values(
      withoutCarried(
        before,
        catalogs({ roles: before.roles as ReturnType<typeof entry>[], databaseRights: [PUBLIC], ...after }),
        source,
        'app',
      ),
    )
      .flat()
      .map(({ name }) => name)
      .filter((name) => name !== 'postgres' && name !== PUBLIC.name);
  const roles = [...(before.roles ?? []), entry('writer', 'f/f/f/f/f/f/-1'), entry('app', 'f/f/f/f/f/t/-1')];

  it('is left out', () => {
    expect(
      left({
        roles,
        members: [entry('writer in app', 'fft by 1'), entry('postgres in app', 'tff by 1')],
        settings: [...(source.settings ?? [])],
        databaseRights: [
          entry('CONNECT of writer on the database by postgres', 'false'),
          entry('CONNECT of member on the database by postgres', 'false'),
        ],
      }),
    ).toEqual([]);
  });

  it.each([
    ['a role with a login that is not the application', { roles: [entry('writer', 'f/f/f/f/f/t/-1')] }, 'writer'],
    ['a role with an attribute', { roles: [entry('writer', 'f/t/f/f/f/f/-1')] }, 'writer'],
    ['a role of no side', { roles: [entry('other', 'f/f/f/f/f/f/-1')] }, 'other'],
    ['our membership with INHERIT', { roles, members: [entry('postgres in app', 'ttf by 2')] }, 'postgres in app'],
    ['our membership with SET', { roles, members: [entry('postgres in app', 'tft by 1')] }, 'postgres in app'],
    ['a membership with more than on the source', { roles, members: [entry('writer in app', 'tft by 1')] }, 'writer in app'],
    [
      'a setting of another value',
      { roles, settings: [entry('work_mem of role writer in database any', 'work_mem=2MB')] },
      'work_mem of role writer in database any',
    ],
    [
      'a right on the database',
      { roles, databaseRights: [PUBLIC, entry('CREATE of app on the database by postgres', 'false')] },
      'CREATE of app on the database by postgres',
    ],
  ])('does not hide %s', (_what, after, name) => {
    expect(left(after)).toEqual([name]);
  });
});
