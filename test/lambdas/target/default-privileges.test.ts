import { afterAll, beforeAll, expect, it } from 'vitest';
import { passOnDefaultPrivileges } from '../../../lambdas/target/default-privileges.sql.ts';
import { startWorld, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({ target: 18, targetLogin: 'member' });
});
afterAll(() => world?.destroy());

it('passes on to the heir what a role gives to whatever it makes, every time alike', async () => {
  const { target: role } = world.database.roles;
  await world.target(`create role "Clerk "" 1"; create role other`);
  await world.asTargetRole(`create schema "S; 1";
alter default privileges in schema "S; 1" grant select, insert on tables to "Clerk "" 1" with grant option;
alter default privileges grant usage on sequences to other;
alter default privileges revoke execute on routines from public;
alter default privileges revoke usage on types from public;
alter default privileges grant usage on types to "Clerk "" 1"`);
  const { text } = passOnDefaultPrivileges(role, 'postgres');
  await world.asTargetRole(text);
  await world.asTargetRole(text);
  const of = (name: string) =>
    world.target(
      `select coalesce(n.nspname::text, '') as schema, d.defaclobjtype::text as objects,
  array(select format('%s %s %s', case a.grantee when 0 then 'public' when d.defaclrole then 'owner' else pg_get_userbyid(a.grantee) end, a.privilege_type, a.is_grantable)
    from aclexplode(d.defaclacl) as a order by 1) as acl
from pg_default_acl as d left join pg_namespace as n on n.oid = d.defaclnamespace where d.defaclrole = $1::regrole order by 1, 2`,
      [name],
    );
  const passedOn = await of('postgres');
  expect(passedOn).toHaveLength(4);
  expect(passedOn).toEqual(await of(role));
});
