import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../../lambdas/ports/database.ts';
import { differenceInWords } from '../../../lambdas/roles/access-difference.ts';
import { accessDifferences } from '../../../lambdas/roles/compare.ts';
import { fenceGate, liftFence } from '../../../lambdas/state/gates.sql.ts';
import { ensureGate } from '../../../lambdas/state/gates.ts';
import type { ServerVersion } from '../../../rehearsal/servers/binaries.ts';
import { ownedSchema } from '../../support/owned-schema.ts';
import { startWorld, type World } from '../../support/world.ts';

/** What differs, in words. */
async function found(world: World): Promise<string[] | undefined> {
  const ports = world.ports('CheckCutover');
  return (await accessDifferences(ports.looking.source, ports.looking.target))?.map(differenceInWords);
}

/** Runs what the differences are mended by, on the target. */
async function mend(world: World): Promise<void> {
  const ports = world.ports('CheckCutover');
  for (const { mend: by } of (await accessDifferences(ports.looking.source, ports.looking.target)) ?? [])
    await world.target(by.target ?? '');
}

const DATABASE = '"Shop ""main"""';

/** A membership is taken back from the role that granted it alone. */
const LEAVE = `do $$ declare one record; begin
  for one in select quote_ident(pg_get_userbyid(grantor)) as giver from pg_auth_members where roleid = 'writer'::regrole and member = '"a member"'::regrole
  loop execute 'revoke writer from "a member" granted by ' || one.giver; end loop; end $$`;

describe.each<[ServerVersion, ServerVersion]>([
  [11, 17],
  [15, 18],
  [18, 18],
])('what roles may do, compared from %d to %d', (source, target) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source, target, schema: ownedSchema(source) });
    await world.until('CopySchema');
    await world.until('BuildIndexes');
  });
  afterAll(() => world?.destroy());

  it('is the same where it was carried', async () => {
    expect(await found(world)).toEqual([]);
  });

  it.each<[string, string, string[]]>([
    [
      'a right of a role that others inherit',
      'revoke insert on shop.orders from writer',
      ['INSERT on table shop.orders (writer): may on the source, may not on the target'],
    ],
    [
      'a right of PUBLIC',
      'revoke select on shop.totals from public',
      ['SELECT on view shop.totals (PUBLIC): may on the source, may not on the target'],
    ],
    [
      'a right too many',
      'grant truncate on shop.ledger to "Low"',
      ['TRUNCATE on table shop.ledger ("Low"): may not on the source, may on the target'],
    ],
    [
      'a right with its option on a sequence',
      'grant update on sequence shop.numbers to writer with grant option',
      ['UPDATE on sequence shop.numbers (writer): may not on the source, may on the target'],
    ],
    [
      'a grant option',
      `grant insert on shop.orders to writer with grant option`,
      ['INSERT with grant option on table shop.orders (writer): may not on the source, may on the target'],
    ],
    [
      'a right on a column',
      'revoke update (day) on shop.by_day from "Low"',
      ['UPDATE on column shop.by_day.day ("Low"): may on the source, may not on the target'],
    ],
    [
      'a function for everybody',
      'grant execute on function shop.closed() to public',
      ['EXECUTE on function shop.closed() (PUBLIC): may not on the source, may on the target'],
    ],
    [
      'a type for everybody',
      'grant usage on type shop.state to public',
      ['USAGE on type shop.state (PUBLIC): may not on the source, may on the target'],
    ],
    ['a schema', 'grant create on schema shop to writer', ['CREATE on schema shop (writer): may not on the source, may on the target']],
    [
      'the database',
      `grant temporary on database ${DATABASE} to public`,
      ['TEMPORARY on database (PUBLIC): may not on the source, may on the target'],
    ],
    [
      'another owner',
      'alter view shop.totals owner to "Low"',
      [`owner of view shop.totals: "Shop ""owner"" $do$; create role evil; --" on the source, "Low" on the target`],
    ],
    [
      'a setting with another value',
      `alter database ${DATABASE} set timezone = 'Asia/Tokyo'`,
      ['setting TimeZone of the database: set on the source, set to another value on the target'],
    ],
    [
      'a setting of a role that holds a secret',
      `alter role writer set app.secret = 'do not tell'`,
      ['setting app.secret of role writer (writer): not set on the source, set on the target'],
    ],
    [
      'a membership',
      LEAVE,
      ['membership of a member in writer ("a member"): admin false, inherit true, set true on the source, no member on the target'],
    ],
    [
      'a default',
      `alter default privileges for role "Shop ""owner"" $do$; create role evil; --" in schema shop grant insert on tables to writer`,
      [
        'INSERT on default privileges of Shop "owner" $do$; create role evil; -- on tables in schema shop (writer): not granted on the source, granted on the target',
      ],
    ],
  ])('names %s, and nothing else, until it is mended', async (_case, change, expected) => {
    await world.target(change);
    expect(await found(world)).toEqual(expected);
    await mend(world);
    if (change.includes('set timezone')) await world.target(`alter database ${DATABASE} set timezone = 'Europe/Berlin'`);
    expect(await found(world)).toEqual([]);
  });

  it.each(['source', 'target'] as const)('does not take a fence of the %s for a difference', async (side) => {
    await (side === 'source' ? world.asSourceRole : world.asTargetRole)('create schema if not exists planetscale_migration');
    const ports = world.ports('Switch');
    const acting = ports.acting as unknown as Record<'source' | 'target', Database>;
    await ensureGate(acting[side]);
    const fence = { seen: { epoch: 0, cancellations: 0 }, epoch: 1, execution: 'test', attempt: randomUUID(), seconds: 600 };
    await acting[side].query(fenceGate(fence));
    expect(await found(world)).toEqual([]);
    await acting[side].query(liftFence(fence.attempt));
    expect(await found(world)).toEqual([]);
  });
});
