import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fencing, fencingOn, other } from '../../support/fenced.ts';
import { INSIST } from '../../support/straggler.ts';
import { versions } from '../../support/versions.ts';
import { sqlOn, startWorld, type World } from '../../support/world.ts';

const DATABASE = '"Shop ""main"""';
const RIGHTS = `select array_agg(format('%s:%s:%s:%s', case when a.grantee = 0 then 'public' else a.grantee::regrole::text end,
  a.privilege_type, a.is_grantable, a.grantor::regrole) order by 1) as all
from pg_database as d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) as a where d.datname = current_database()`;
const ROLES = ['holder', 'Passed "on"', 'helper', 'insider'] as const;
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

describe.each(versions(11, 13, 15, 17, 18))('CONNECT on a database that is fenced on %i (#9.7)', (version) => {
  let world: World;
  let fencing: Fencing;
  beforeAll(async () => {
    world = await startWorld({ source: version });
    fencing = await fencingOn(world);
    for (const role of ROLES) await world.source(`create role ${quoted(role)} login password 'p'`);
  });
  afterAll(async () => {
    await fencing?.close();
    await world?.destroy();
  });

  const rights = async (): Promise<string[]> => {
    const [row] = await world.source(RIGHTS);
    return ((row?.all ?? []) as string[]).sort();
  };
  /** As the superuser, in spite of the fence's default. */
  const anyway = (text: string) => sqlOn(world.pair.source.superuser(world.database.name), { options: INSIST })(text);
  const connects = (role: string): Promise<boolean> =>
    other(fencing.login(role), 'attempt').then(
      async (session) => session.end().then(() => true),
      () => false,
    );
  /** From the fence to its end, after which every right is as it was. */
  const fenced = async (inside: () => Promise<void>): Promise<void> => {
    await fencing.fence();
    try {
      await inside();
    } finally {
      await fencing.lift();
    }
  };
  /** On a database where nothing was ever granted. */
  const granted = async (...statements: string[]): Promise<void> => {
    for (const role of ROLES) await world.source(`revoke connect on database ${DATABASE} from ${quoted(role)} cascade`);
    await world.source(`grant connect on database ${DATABASE} to public`);
    for (const statement of statements) await world.source(statement);
  };

  it('is restored where the database had the default privileges', async () => {
    const before = await rights();
    expect(await world.source('select datacl from pg_database where datname = current_database()')).toEqual([{ datacl: null }]);
    await fenced(async () => {
      expect(await connects('holder')).toBe(false);
      expect(await connects('master')).toBe(true);
    });
    expect(await rights()).toEqual(before);
  });

  it('is revoked from grantees of a role with the grant option, and granted again by the same role', async () => {
    await granted(
      `revoke connect on database ${DATABASE} from public`,
      `grant connect on database ${DATABASE} to holder with grant option`,
      `set role holder; grant connect on database ${DATABASE} to "Passed ""on""" with grant option`,
      `set role "Passed ""on"""; grant connect on database ${DATABASE} to helper`,
      `grant holder, "Passed ""on""" to master`,
    );
    const before = await rights();
    expect(before).toContain('helper:CONNECT:f:"Passed ""on"""');
    await fenced(async () => {
      for (const role of ['holder', 'Passed "on"', 'helper']) expect([role, await connects(role)]).toEqual([role, false]);
      expect(await connects('master')).toBe(true);
      await fencing.endClientSessions();
    });
    expect(await rights()).toEqual(before);
    await world.source(`revoke holder, "Passed ""on""" from master`);
  });

  it('is granted again by the owner where our role cannot act as the grantor', async () => {
    await granted(
      `revoke connect on database ${DATABASE} from public`,
      `grant connect on database ${DATABASE} to holder with grant option`,
      `set role holder; grant connect on database ${DATABASE} to "Passed ""on"""`,
    );
    const before = await rights();
    await fenced(async () => expect(await connects('Passed "on"')).toBe(false));
    expect(await rights()).toEqual(before.map((right) => right.replace('f:holder', 'f:master')).sort());
  });

  it('is revoked from a role whose privileges ours inherits, and kept by ours', async () => {
    await granted(
      `revoke connect on database ${DATABASE} from public`,
      `grant connect on database ${DATABASE} to helper`,
      'grant helper to master',
    );
    const before = await rights();
    await fenced(async () => {
      expect(await connects('helper')).toBe(false);
      expect(await connects('master')).toBe(true);
      await fencing.endClientSessions();
    });
    expect(await rights()).toEqual(before);
    await world.source('revoke helper from master');
  });

  it('is granted again to a renamed or recreated role, and not to one that is gone', async () => {
    await world.source(`create role renamed login password 'p'; create role vanished login; create role remade login password 'p'`);
    await granted(
      `revoke connect on database ${DATABASE} from public`,
      ...['renamed', 'vanished', 'remade'].map((role) => `grant connect on database ${DATABASE} to ${role}`),
    );
    await fenced(async () => {
      await anyway('alter role renamed rename to "New Name"');
      await anyway('drop role vanished');
      await anyway(`drop role remade; create role remade login password 'p'`);
    });
    const after = await rights();
    expect(after.filter((right) => right.includes('CONNECT'))).toEqual([
      '"New Name":CONNECT:f:master',
      'master:CONNECT:f:master',
      'remade:CONNECT:f:master',
    ]);
    await granted(`revoke connect on database ${DATABASE} from "New Name", remade; drop role "New Name"; drop role remade`);
  });

  it('is granted again under a new owner, beside grants made meanwhile', async () => {
    await world.source(`create role proprietor login password 'p'; grant proprietor to master`);
    await granted(`alter database ${DATABASE} owner to proprietor`);
    const before = await rights();
    await fenced(async () => {
      expect(await connects('proprietor')).toBe(false);
      await fencing.endClientSessions();
      await anyway(`grant connect on database ${DATABASE} to helper`);
      expect(await connects('helper')).toBe(true);
    });
    expect(await rights()).toEqual([...before, 'helper:CONNECT:f:proprietor'].sort());
    await granted(`alter database ${DATABASE} owner to master`, 'revoke proprietor from master');
  });

  it('is restored from the record of an earlier version, too', async () => {
    await granted();
    await fenced(async () => {
      await anyway(`update planetscale_migration.gate
set connect_taken = '{public,"\\"Passed \\"\\"on\\"\\"\\" with grant option"}', connect_given = '{master,nobody}'`);
    });
    const after = (await rights()).filter((right) => right.includes('CONNECT'));
    expect(after).toEqual(['"Passed ""on""":CONNECT:t:master', 'public:CONNECT:f:master']);
    await granted(`grant connect on database ${DATABASE} to master`);
  });

  it('of a member of ours aborts the switch, unless the input calls it harmless', async () => {
    await granted('grant master to insider');
    await fenced(async () => {
      expect(await connects('insider')).toBe(true);
      await expect(fencing.endClientSessions()).rejects.toMatchObject({
        name: 'SwitchFailed',
        message: expect.stringMatching(/^These roles can connect although the database is shut: insider\. .*harmlessRoles/),
      });
      await fencing.endClientSessions(['insider']);
    });
    await granted('revoke master from insider');
  });

  it("is left to the platform's roles, and not to a role that only has such a name", async () => {
    await world.source(`create role pscale_admin login; create role pscale_api_app login; create role rdsproxy login;
grant master to pscale_admin, pscale_api_app, rdsproxy; create role other_superuser superuser login password 'p'`);
    await fenced(() => expect(fencing.endClientSessions()).rejects.toThrow(/shut: pscale_api_app\. /));
    const renamed = sqlOn(world.pair.source.login('other_superuser', 'p', world.database.name), { options: INSIST });
    await renamed('alter role rdsadmin rename to no_longer_rds');
    await fenced(() => expect(fencing.endClientSessions()).rejects.toThrow(/shut: pscale_api_app, rdsproxy\. /));
    await renamed('alter role no_longer_rds rename to rdsadmin');
    await world.source('drop role pscale_admin, pscale_api_app, rdsproxy, other_superuser');
  });
});
