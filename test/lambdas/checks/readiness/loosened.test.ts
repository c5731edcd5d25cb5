import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../../../lambdas/checks/finding.ts';
import { loosenedRights, lostSettings } from '../../../../lambdas/checks/readiness/loosened.ts';
import type { ServerVersion } from '../../../../rehearsal/servers/binaries.ts';
import { findingsOf, ODD, summary, warning } from '../../../support/findings.ts';
import { versions } from '../../../support/versions.ts';
import { startWorld, type World } from '../../../support/world.ts';

const FLATTEN = { input: { roles: 'flatten' } } as const;
const statementsOf = (findings: readonly Finding[]): string[] => findings.flatMap(({ statements = [] }) => statements);

describe.each(versions<readonly [ServerVersion, ServerVersion]>([11, 17], [15, 18], [18, 18]))(
  'privileges and settings that the copy does not carry, from %d to %d (#11)',
  (source, target) => {
    let world: World;
    beforeAll(async () => {
      world = await startWorld({ source, target });
      for (const side of ['source', 'target'] as const) await world[side]('create role tenant login; create role tenant_views nologin');
    });
    afterAll(() => world?.destroy());

    it('lead to no finding in a schema without grants', async () => {
      const plain = await world.sibling('plain rights');
      await plain.asSourceRole(
        "create table public.t (id int primary key); create view public.v as select * from public.t; create function public.f() returns int language sql as 'select 1'",
      );
      expect(await findingsOf(plain, [loosenedRights, lostSettings], FLATTEN)).toEqual([]);
    });

    it('are named where access gets wider, and the statements narrow it again', async () => {
      const one = await world.sibling('rights');
      await one.source('grant tenant_views to aurora_master; grant create on schema public to tenant_views');
      await one.asSourceRole(`
create schema ${ODD}; create type ${ODD}.kept as enum ('a'); revoke usage on type ${ODD}.kept from public;
create table public.invoice (id int primary key, tenant name, total int); insert into public.invoice values (1, 'tenant', 10), (2, 'other', 99);
alter table public.invoice enable row level security; create policy own_rows on public.invoice using (tenant = session_user);
grant select on public.invoice to tenant_views; grant update (total) on public.invoice to tenant;
create view public.my_invoices as select * from public.invoice; alter view public.my_invoices owner to tenant_views;
grant select on public.my_invoices to tenant;
create function ${ODD}."p u"(a int) returns void language sql security definer as 'delete from public.invoice';
revoke execute on function ${ODD}."p u"(int) from public; grant execute on function ${ODD}."p u"(int) to tenant;
create function public.open() returns int language sql as 'select 1'; grant execute on function public.open() to tenant;
alter default privileges revoke execute on functions from public; alter default privileges grant select on tables to tenant`);
      const found = await findingsOf(one, [loosenedRights], FLATTEN);
      expect(summary(found)).toEqual({
        OpenToPublic: warning(
          `function ${ODD}."p u"(a integer) (security definer)`,
          `type ${ODD}.kept`,
          expect.stringMatching(/^default privileges of \w+ on functions$/),
        ),
        ViewOfAnotherOwner: warning('view public.my_invoices over row security of public.invoice (owner tenant_views)'),
        DefinerChangesOwner: warning(expect.stringMatching(/^function .*"p u"\(a integer\) \(owner \w+\)$/)),
        RightsLeftBehind: warning(
          '1 on columns to tenant',
          '1 on default privileges to tenant',
          '1 on schemas to tenant_views',
          '2 on tables and views to tenant, tenant_views',
        ),
      });
      expect(await findingsOf(one, [loosenedRights])).toEqual([]); // they are carried
      await one.until('CopySchema', FLATTEN);
      await one.until('BuildIndexes', FLATTEN); // which turns row security on
      await one.target("insert into public.invoice values (1, 'tenant', 10), (2, 'other', 99)");
      await one.target('grant select on all tables in schema public to tenant, tenant_views');
      const mayCall = async () =>
        (await one.target(`select has_function_privilege('public', '${ODD}."p u"(int)', 'execute') as may`))[0]?.may;
      expect(await mayCall()).toBe(true);
      // As the role of the migration, which owns what it has copied; the default privileges are those of a role of the source.
      const [open, view] = ['OpenToPublic', 'ViewOfAnotherOwner'].map((code) => statementsOf(found.filter((one) => one.code === code)));
      for (const text of (open ?? []).filter((text) => !text.startsWith('alter default'))) await one.asTargetRole(text);
      expect(await mayCall()).toBe(false);
      expect(await one.target(`select has_function_privilege('tenant', '${ODD}."p u"(int)', 'execute') as may`)).toEqual([{ may: true }]);
      const seen = async () =>
        (await one.target('set session authorization tenant; select count(*)::int as n from public.my_invoices')) as unknown;
      expect(await seen()).toEqual([{ n: 2 }]);
      for (const text of view ?? []) await one.target(text);
      expect(await seen()).toEqual([{ n: 1 }]);
    });

    it('are named for the database and for roles, and the statements set them on the target', async () => {
      const one = await world.sibling('Set "tings"');
      const database = '"Set ""tings"""';
      await one.source(`
create schema if not exists "my shop";
alter database ${database} set search_path = "my shop", public; alter database ${database} set idle_in_transaction_session_timeout = '5min';
alter database ${database} set app.jwt_secret = 'very secret';
alter role tenant set statement_timeout = '1s'; alter role tenant in database ${database} set work_mem = '64MB';
alter role tenant in database ${database} set application_name = 'it''s "x"'`);
      const found = await findingsOf(one, [lostSettings], FLATTEN);
      expect(summary(found)).toEqual({
        SettingsLeftBehind: warning(
          `database ${database}: app.jwt_secret`,
          `database ${database}: idle_in_transaction_session_timeout`,
          `database ${database}: search_path`,
          `role tenant in database ${database}: application_name`,
          `role tenant in database ${database}: work_mem`,
          'role tenant: statement_timeout',
        ),
      });
      expect(await findingsOf(one, [lostSettings])).toEqual([]); // they are carried
      expect(JSON.stringify(found)).not.toContain('very secret');
      for (const text of statementsOf(found)) await one.target(text);
      const settings = `select coalesce(setrole::regrole::text, '') as role, setdatabase <> 0 as here, array(select unnest(setconfig) order by 1) as kept
        from pg_db_role_setting where setdatabase in (0, (select oid from pg_database where datname = current_database()))
        and setrole in (0, 'tenant'::regrole) order by 1, 2`;
      const there = await one.target(settings);
      expect(JSON.stringify(there).replace('…', 'very secret')).toEqual(JSON.stringify(await one.source(settings)));
    });
  },
);
