import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databasePort } from '../../../lambdas/adapters/postgres/database.ts';
import { REPLICATION_ROLE } from '../../../lambdas/config/names.ts';
import type { ConnectionSettings } from '../../../lambdas/ports/connection-settings.ts';
import type { Statement } from '../../../lambdas/ports/database.ts';
import { allowBypass, allowReplication, asOurselves, asRoleMaker, createRole, setVerifier } from '../../../lambdas/postgres/roles.sql.ts';
import { INSUFFICIENT_PRIVILEGE } from '../../../lambdas/postgres/sqlstates.ts';
import { createSlot, dropSlot } from '../../../lambdas/replication/slots.sql.ts';
import { TARGET_ROLES } from '../../../rehearsal/servers/planetscale-roles.ts';
import { poorRole } from '../../support/findings.ts';
import { startWorld, type World } from '../../support/world.ts';

const WHO: Statement<{ who: string }> = { text: 'select current_user::text as who', values: [] } as never;

describe.each([
  [17, 'member'],
  [18, 'member'],
  [18, 'default'],
] as const)('SET ROLE to the role with the attribute on a target of version %i, logged in as %s (#10)', (version, login) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 17, target: version, targetLogin: login });
  });
  afterAll(() => world?.destroy());

  const portOf = (settings: ConnectionSettings) => databasePort(settings, 'test');

  it('allows to create and drop a slot, and ends with the statement', async () => {
    const port = portOf(world.database.target);
    try {
      const session = await port.acting.session('slot');
      expect(await session.query(createSlot('a_slot'))).toEqual([{ point: expect.stringMatching(/^[0-9A-F]+\/[0-9A-F]+$/) }]);
      expect(await session.query(WHO)).toEqual([{ who: world.database.roles.target }]);
      await session.query(dropSlot('a_slot'));
      expect(await session.query(WHO)).toEqual([{ who: world.database.roles.target }]);
      expect(await world.target('select from pg_replication_slots')).toEqual([]);
      await session.end();
    } finally {
      await port.close();
    }
  });

  it('allows to create a role with REPLICATION and BYPASSRLS and to alter it, and ends with the transaction', async () => {
    const port = portOf(world.database.target);
    try {
      for (const make of [createRole, setVerifier]) {
        await port.acting.transaction(async (session) => {
          await session.query(asRoleMaker(REPLICATION_ROLE));
          for (const statement of make(REPLICATION_ROLE, 'a password')) await session.query(statement);
          await session.query(allowReplication(REPLICATION_ROLE, false));
          await session.query(allowBypass(REPLICATION_ROLE));
          expect(await session.query(WHO)).toEqual([{ who: TARGET_ROLES.default }]);
          await session.query(asOurselves());
          expect(await session.query(WHO)).toEqual([{ who: world.database.roles.target }]);
          await session.query(asRoleMaker(REPLICATION_ROLE));
        });
        expect(await port.acting.query(WHO)).toEqual([{ who: world.database.roles.target }]);
      }
      const [made] = await world.target(`select rolreplication, rolbypassrls from pg_roles where rolname = '${REPLICATION_ROLE}'`);
      expect(made).toEqual({ rolreplication: true, rolbypassrls: true });
    } finally {
      await port.close();
    }
  });

  it("never chooses a superuser, and fails with the server's message without a suitable role", async () => {
    const lone = await poorRole('target', world, 'lone', 'grant pscale_admin to :role');
    const barred = await poorRole('target', world, 'barred', `grant ${TARGET_ROLES.default} to :role with set false`);
    for (const settings of [lone, barred]) {
      const port = portOf(settings);
      try {
        await expect(port.acting.query(createSlot('none'))).rejects.toMatchObject({ complaint: { code: INSUFFICIENT_PRIVILEGE } });
      } finally {
        await port.close();
      }
    }
  });
});
