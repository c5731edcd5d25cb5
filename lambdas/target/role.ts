/** The role at PlanetScale as which the migration logs in, where the target secret is empty. */
import { createHash } from 'node:crypto';
import { carries } from '../cluster/journal.ts';
import { InvalidConfiguration, TargetNotConfigurable } from '../config/errors.ts';
import type { Branch, BranchRole, FilledIn, NewBranchRole, PlanetScale, TargetJournal, TargetSecret } from '../ports/planetscale.ts';
import { branchName, recordIn, tagsOf } from './journal.ts';

/** Gets what a deleted role owns: the branch's default role, which the migration's is a member of. */
export const SUCCESSOR = 'postgres';

/**
 * Guide A, step 1. Membership of `postgres` brings the rest: pg_signal_backend, pg_monitor and the others, which it has. Its attributes are not
 * inherited, and our statements take them up by SET ROLE.
 */
const INHERITS = [SUCCESSOR, 'pg_read_all_data', 'pg_write_all_data', 'pg_create_subscription'];

/** The name that is asked for: one for each deployment, so that a role of another one is never taken for ours. @param secret ARN of the target secret */
export const roleNameOf = (stack: string, secret: string): string =>
  `planetscale-migration-${stack}-${createHash('sha256').update(secret).digest('hex').slice(0, 8)}`;

/** What PlanetScale's edge finds the branch by: the end of the name of everybody who logs in there. */
const routeOf = (user: string): string | undefined => /\.([^.]+)$/.exec(user)?.[1];

/** Whether a login is of another branch than these roles; not known where one side has no names of that form. */
export function leadsElsewhere(user: string, roles: readonly BranchRole[]): boolean {
  const route = routeOf(user);
  const routes = roles.flatMap((role) => routeOf(role.user) ?? []);
  return route !== undefined && routes.length > 0 && !routes.includes(route);
}

/** Roles of that name. */
export const rolesNamed = (roles: readonly BranchRole[], name: string): BranchRole[] =>
  roles.filter((role) => role.name === name && !role.isDefault);

export interface RolePorts {
  readonly planetscale: Pick<PlanetScale, 'roles' | 'createRole' | 'deleteRole'>;
  readonly journal: TargetJournal;
  readonly secret: TargetSecret;
}

/**
 * Makes the role and fills its login in. A role of the name that is there already is one whose answer was lost with its password, so it goes first. It is cut off
 * without harm anywhere: as long as the secret is empty, the next visit begins again; afterwards {@link trailOf} says what is left to do.
 * @throws TargetNotConfigurable where a private host is wanted and there is none
 */
export async function makeRole({ planetscale, journal, secret }: RolePorts, branch: Branch): Promise<void> {
  const name = roleNameOf(journal.stack, secret.name);
  const asked = tagsOf(journal.stack, { branch: branchName(branch), roleName: name });
  await journal.add(asked);
  if (!carries(await journal.tags(), asked)) return;
  for (const lost of rolesNamed(await planetscale.roles(), name)) {
    if (!(await secret.isEmpty())) return;
    await deleteRole(planetscale, lost.id);
    // Should another visit have filled it in at that very moment.
    await secret.empty(lost.user);
  }
  const made = await planetscale.createRole({ name, inherits: INHERITS, replication: true });
  const login = loginOf(made, secret.connection);
  if (!login) {
    await deleteRole(planetscale, made.id);
    throw new TargetNotConfigurable(
      `The setting targetHost is "private", and PlanetScale tells no private host for ${branchName(branch)}. The role that was made was deleted ` +
        `again, and the secret ${secret.name} is still empty. Set up PrivateLink for the branch first, or deploy with targetHost=public.`,
    );
  }
  try {
    await secret.fillIn(login);
  } catch (error) {
    // Filled in meanwhile, by somebody else or by a call of ours whose answer was lost: the next visit sees whose login it is.
    if (error instanceof InvalidConfiguration) return;
    throw error;
  }
  if ((await planetscale.roles()).some(({ id }) => id === made.id)) await recordRole(journal, made);
  else await secret.empty(made.user); // another visit took it for a lost one
}

/**
 * What the role owns is its successor's from then on.
 * @throws TargetNotConfigurable where PlanetScale refuses it, and no other visit has deleted it meanwhile
 */
export async function deleteRole(planetscale: Pick<PlanetScale, 'roles' | 'deleteRole'>, id: string): Promise<void> {
  try {
    await planetscale.deleteRole(id, SUCCESSOR);
  } catch (error) {
    const isGone = error instanceof TargetNotConfigurable && !(await planetscale.roles()).some((role) => role.id === id);
    if (!isGone) throw error;
  }
}

export const recordRole = (journal: TargetJournal, { id, user }: Pick<BranchRole, 'id' | 'user'>): Promise<void> =>
  journal.add(tagsOf(journal.stack, { role: { id, user } }));

/**
 * Records that the application was switched to the target, before the databases forget it: with no secret of the application nobody else knows that it
 * may log in by our role, which is then not deleted. Without such a role nothing is recorded.
 */
export async function recordSwitch(journal: TargetJournal): Promise<void> {
  if (recordIn(journal.stack, await journal.tags()).role) await journal.add(tagsOf(journal.stack, { switched: true }));
}

function loginOf(made: NewBranchRole, connection: TargetSecret['connection']): FilledIn | undefined {
  const login = { port: made.port, username: made.user, password: made.password, dbname: made.database };
  if (connection === 'public') return { ...login, host: made.host };
  return made.privateHost === undefined ? undefined : { ...login, host: made.privateHost, publicHost: made.host };
}

/** What an attempt that was cut off has left: a role to record, since its login is in the secret, and roles whose login is not. */
export interface RoleTrail {
  readonly record: BranchRole | undefined;
  readonly lost: readonly BranchRole[];
}

export const NO_TRAIL: RoleTrail = { record: undefined, lost: [] };

/** @param name that was asked for @param user of the login in the target secret @param recorded id of the role in the journal, which is not lost */
export function trailOf(roles: readonly BranchRole[], name: string, user: string, recorded: string | undefined): RoleTrail {
  const named = rolesNamed(roles, name);
  const record = named.find((role) => role.user === user);
  return { record, lost: named.filter(({ id }) => id !== record?.id && id !== recorded) };
}
