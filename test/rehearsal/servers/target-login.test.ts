import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endSide, startTarget } from '../../../rehearsal/servers/pair.ts';
import { TARGET_ROLES, type TargetLogin } from '../../../rehearsal/servers/planetscale-roles.ts';
import { versions } from '../../support/versions.ts';
import { sqlOn } from '../../support/world.ts';

const LOGINS: readonly TargetLogin[] = ['member', 'default'];

describe.each(versions(17, 18))('the logins of a target of version %i (#10)', (version) => {
  const started: { readonly login: TargetLogin; readonly side: Awaited<ReturnType<typeof startTarget>> }[] = [];
  beforeAll(async () => {
    for (const login of LOGINS) started.push({ login, side: await startTarget(version, { shared_buffers: '16MB' }, {}, login) });
  });
  afterAll(() => {
    for (const { side } of started) endSide(side);
  });

  it("have PlanetScale's attributes, and no more", async () => {
    for (const { login, side } of started) {
      const settings = await side.createDatabase(`of ${login}`);
      expect(settings.user).toBe(`${TARGET_ROLES[login]}.${side.edge?.branch}`);
      const [own] = await sqlOn(settings)(`
select rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, rolinherit, rolcanlogin,
  (select pg_get_userbyid(datdba)::text from pg_database where datname = current_database()) as owner
from pg_roles where rolname = session_user`);
      const attributes = login === 'default';
      expect(own).toEqual({
        ...{ rolsuper: false, rolinherit: true, rolcanlogin: true, owner: TARGET_ROLES.default },
        ...{ rolcreatedb: attributes, rolcreaterole: attributes, rolreplication: attributes, rolbypassrls: attributes },
      });
    }
  });

  it('are members of the documented roles, the default role with ADMIN and the other one without', async () => {
    const [any] = started;
    const memberships = await sqlOn(any?.side.server.superuser() as never)(`
select m.member::regrole::text as member, m.admin_option as admin, array_agg(m.roleid::regrole::text order by 1) as roles
from pg_auth_members as m where m.member::regrole::text in ('${TARGET_ROLES.default}', '${TARGET_ROLES.member}') group by 1, 2 order by 1`);
    expect(memberships).toMatchObject([
      { member: TARGET_ROLES.default, admin: true },
      { member: TARGET_ROLES.member, admin: false },
    ]);
    expect(new Set(memberships[0]?.roles as string[])).toEqual(
      new Set([
        ...['pg_read_all_data', 'pg_write_all_data', 'pg_read_all_settings', 'pg_read_all_stats', 'pg_stat_scan_tables', 'pg_monitor'],
        ...['pg_signal_backend', 'pg_checkpoint', 'pg_maintain', 'pg_use_reserved_connections', 'pg_create_subscription'],
      ]),
    );
    expect(new Set(memberships[1]?.roles as string[])).toEqual(
      new Set([TARGET_ROLES.default, 'pg_read_all_data', 'pg_write_all_data', 'pg_create_subscription']),
    );
  });
});
