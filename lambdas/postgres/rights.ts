/** The rights that a migration and a switch ask of our logins, looked at before the copy and again before each switch. */
import type { SideName } from '../config/side-name.ts';
import type { Reader } from '../ports/database.ts';
import type { RoleRights } from './rights.sql.ts';
import { roleRights } from './rights.sql.ts';
import { type SwitchRights, switchRights } from './switch-rights.sql.ts';

/** From 16 on a role may pass on REPLICATION and BYPASSRLS if it creates roles and has the attribute itself; before, only a superuser. */
export const ATTRIBUTES_CAN_BE_PASSED_ON = 16;

export async function rightsOn(reader: Reader): Promise<RoleRights> {
  const [rights] = await reader.query(roleRights());
  if (!rights) throw new Error('the server does not show the rights of the connected role');
  return rights;
}

/** Whether we may make a role that replicates. */
export function mayCreateReplicationRole(rights: RoleRights, version: number): boolean {
  if (rights.superuser) return true;
  if (!rights.createsRoles) return false;
  if (rights.rdsReplication.exists) return rights.rdsReplication.granted;
  return version >= ATTRIBUTES_CAN_BE_PASSED_ON && rights.replicates;
}

/** From here on a role without superuser rights may subscribe, and applies changes as the owner of each table. */
export const SUBSCRIBING_CAN_BE_GRANTED = 16;

export type AllRights = RoleRights & SwitchRights;

export async function allRightsOn(reader: Reader): Promise<AllRights> {
  const [rights] = await reader.query(switchRights());
  if (!rights) throw new Error('the server does not show the rights of the connected role');
  return { ...(await rightsOn(reader)), ...rights };
}

const lacking = (side: SideName, { role }: RoleRights, wanted: Readonly<Record<string, boolean>>): string[] =>
  Object.entries(wanted).flatMap(([right, granted]) => (granted ? [] : [`${side}: ${role} may not ${right}`]));

/** To keep other sessions from writing, which concerns both sides of a switch, with or without a way back. */
export const fenceLacks = (side: SideName, rights: AllRights): string[] =>
  lacking(side, rights, {
    'alter the database (it is not its owner)': rights.superuser || rights.ownsDatabase,
    "end others' sessions (it is no member of pg_signal_backend)": rights.superuser || rights.signals,
  });

/**
 * To send its changes to the other side. Attributes count where one of the roles as which we may act has them.
 * @param version major version
 * @param makesRole whether the role that reads the stream has to be made, too
 */
export const publisherLacks = (side: SideName, rights: AllRights, version: number, makesRole: boolean): string[] =>
  lacking(side, rights, {
    'make a role that replicates':
      !makesRole || mayCreateReplicationRole(rights, version) || (!rights.rdsReplication.exists && rights.reaches.makesReplicationRoles),
    'make a replication slot': rights.superuser || rights.reaches.replicates || rights.rdsReplication.used,
    'make a publication in the database': rights.createsInDatabase,
  });

/** To take the other side's changes. */
export const subscriberLacks = (side: SideName, rights: AllRights, version: number): string[] =>
  lacking(side, rights, {
    'make a subscription':
      rights.superuser || rights.isRdsSuperuser || (version >= SUBSCRIBING_CAN_BE_GRANTED && rights.createsSubscriptions),
    'make anything in the database': rights.createsInDatabase,
  });

/** Which login has what ours lacks at the target, and where it is made. https://planetscale.com/docs/postgres/connecting/roles */
export function loginAtTarget({ role, administrators }: RoleRights): string {
  const barred = administrators.filter(({ member }) => member).map((one) => one.role);
  const advice =
    'Put a role that inherits postgres into the target secret (PlanetScale: Settings → Roles → New role, with postgres among the inherited roles), ' +
    'or the default role postgres itself';
  const having = administrators.length > 0 ? ` What is lacking, ${administrators.map((one) => one.role).join(' and ')} has.` : '';
  const membership =
    barred.length > 0
      ? ` ${role} is a member of ${barred.join(' and ')}; where it may not act as that role, the membership was granted without SET or without INHERIT.`
      : '';
  return `${advice}.${having}${membership}`;
}
