/** Guide W, step 2: the role that streams, with no more rights than it needs, in every schema that is published. */
import type { Looking } from '../engine/contract.ts';
import { defineStep } from '../engine/step.ts';
import { besideOtherMigrations } from '../postgres/role-race.ts';
import * as roles from '../postgres/roles.sql.ts';
import { scramVerifier } from '../postgres/scram.ts';
import { streamSettings } from '../postgres/session-pins.sql.ts';
import { type PublishedTable, publishedTables } from '../postgres/tables.sql.ts';
import { demandOurs } from '../replication/demand-ours.ts';
import { createHeartbeat } from '../state/heartbeat.sql.ts';

interface Seen {
  readonly tables: readonly PublishedTable[];
  readonly role: roles.RoleState;
  readonly grantor: roles.GrantorState;
  readonly passwordWorks: boolean;
  readonly settingsToMake: readonly [name: string, value: string][];
  readonly heartbeat: boolean;
}

async function look({ source, replication, input }: Looking<'source' | 'replication'>): Promise<Seen> {
  await demandOurs('source', source);
  const tables = await source.query(publishedTables(input));
  const [role] = await source.query(roles.roleState(replication.user, tables));
  const [grantor] = await source.query(roles.grantorState());
  if (!role || !grantor) throw new Error('A catalog query without a from-list always returns a row.');
  return {
    tables,
    role,
    grantor,
    passwordWorks: role.exists && (await replication.works()),
    settingsToMake: Object.entries(streamSettings(await source.version())).filter(
      ([name, value]) => !role.settings.includes(`${name}=${value}`),
    ),
    heartbeat: role.hasHeartbeat,
  };
}

const mayGainBypass = ({ role, grantor }: Seen): boolean => grantor.mayGrantBypass && !role.bypassesRowSecurity;

export const createReplicationRole = defineStep({
  needs: ['source', 'replication'],
  interrupted: 'The role on the source may have a part of its rights, and no more than it is to have.',
  inspect: look,

  judge(seen) {
    const { role } = seen;
    const complete =
      seen.heartbeat &&
      seen.passwordWorks &&
      role.mayReplicate &&
      role.mayConnect &&
      !mayGainBypass(seen) &&
      [seen.settingsToMake, role.unusableSchemas, role.unreadableTables, role.closedDefaults].every((missing) => missing.length === 0);
    return complete ? 'done' : 'todo';
  },

  async act(ctx) {
    const { source, replication } = ctx;
    const { user } = replication;
    const { database } = source.endpoint;
    const password = await replication.password();
    const making = source.transaction(async (session) => {
      await session.query(roles.lockRoles());
      await session.query(createHeartbeat());
      const before = await look(ctx);
      const give = before.role.exists ? roles.setVerifier : roles.createRole;
      if (!before.passwordWorks) for (const statement of give(user, scramVerifier(password))) await session.query(statement);
      if (!before.role.mayReplicate) await session.query(roles.allowReplication(user, before.grantor.hasRdsReplication));
      if (!before.role.bypassesRowSecurity) await session.query(roles.allowBypass(user));
      for (const [name, value] of before.settingsToMake) await session.query(roles.setForStream(user, database, name, value));
      // A role that exists and yet cannot log in may lack nothing but the right to connect.
      if (!before.role.mayConnect || !before.passwordWorks) await session.query(roles.grantConnect(user, database));
      const [role] = await session.query(roles.roleState(user, before.tables));
      if (!role) return;
      if (role.unusableSchemas.length > 0) await session.query(roles.grantUsage(user, role.unusableSchemas));
      if (role.unreadableTables.length > 0) await session.query(roles.grantSelect(user, role.unreadableTables));
      for (const closed of role.closedDefaults) await session.query(roles.grantSelectOnFuture(user, closed));
    });
    await besideOtherMigrations(making);
  },

  evidence: (seen) => ({
    exists: seen.role.exists,
    passwordWorks: seen.passwordWorks,
    mayReplicate: seen.role.mayReplicate,
    bypassesRowSecurity: seen.role.bypassesRowSecurity,
    tables: seen.tables.length,
    schemasToOpen: seen.role.unusableSchemas.length,
    tablesToOpen: seen.role.unreadableTables.length,
  }),
});
