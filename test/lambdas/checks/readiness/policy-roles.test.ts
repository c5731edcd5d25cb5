import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Finding } from '../../../../lambdas/checks/finding.ts';
import { policyRolesThere } from '../../../../lambdas/checks/readiness/policy-roles.ts';
import { parseInput } from '../../../../lambdas/config/input.ts';
import { startWorld, type World } from '../../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({ source: 15, target: 18 });
  for (const role of ['"Clerk of ""X"""', 'boss']) await world.source(`create role ${role} nologin`);
  await world.target('create role boss nologin');
  await world.asSourceRole(`create table mail (id int primary key, reader text);
create policy own on mail to "Clerk of ""X""", boss using (reader = current_user); create policy everybody on mail using (true);
create policy seen on mail for select to pg_monitor using (true);
create table left_out (id int primary key); create policy p on left_out to "Clerk of ""X""" using (true)`);
});
afterAll(() => world?.destroy());

const found = async (roles: 'flatten' | 'carry'): Promise<readonly Finding[]> => {
  const { looking, close } = world.ports('CheckReadiness');
  try {
    const input = parseInput({ excludeTables: ['public.left_out'], roles });
    return await policyRolesThere.find({ source: looking.source, target: looking.target, input } as never);
  } finally {
    await close();
  }
};

it('the check of policies refuses missing roles before the copy, with statements that create them (#11)', async () => {
  const [finding, ...others] = await found('flatten');
  expect(others).toEqual([]);
  expect(await found('carry')).toEqual([]); // carried, or ours
  expect(finding).toMatchObject({
    code: 'PolicyForMissingRole',
    severity: 'blocker',
    objects: ['Clerk of "X": own on public.mail'],
    statements: ['create role "Clerk of ""X""" nologin; -- on the target'],
  });
  await world.target(finding?.statements?.[0] ?? '');
  expect(await found('flatten')).toEqual([]);
});
