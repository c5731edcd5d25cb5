/** The login that the application will get on the target, as far as it can be foretold. */
import { InvalidConfiguration, TargetNotKnown } from '../../config/errors.ts';
import { rightsOn } from '../../postgres/rights.ts';
import { roleExists } from '../../postgres/roles.sql.ts';
import { mayMakeRoles, rolesCarried, willCarry } from '../../roles/mode.ts';
import { roleMap } from '../../roles/role-map.ts';
import { loginMadeFor } from '../../state/application-login.ts';
import { copyOn } from '../../state/earlier-copy.ts';
import { blocker, type Finding, warning } from '../finding.ts';
import type { CheckContext, ReadinessCheck } from './context.ts';

export const applicationLogin: ReadinessCheck = {
  name: "the application's login at the target",
  async find(ctx) {
    const { application, target } = ctx;
    const { secret, makesLogin } = application;
    if (secret === undefined || !makesLogin) return [];
    try {
      if ((await application.pointsAt()) !== 'source') return astray(secret);
      const users = await application.currentUsers();
      const [user] = users;
      if (user === undefined || users.length > 1) return twoUsers(secret, users);
      if (await loginMadeFor(target, users)) return [];
      const { carried, taken, names } = await foretold(ctx, user, makesLogin.role);
      if (carried) return taken ? [...roleIsThere(carried)] : [];
      if (makesLogin.role === undefined) return noLogin(user);
      if (names.includes(makesLogin.role)) return nameOfAnother(makesLogin.role);
      if (!mayMakeRoles(await rightsOn(target))) return noRoleToMake(makesLogin.role, target.endpoint.user);
      return taken ? [...roleIsThere(makesLogin.role)] : [];
    } catch (error) {
      if (!(error instanceof InvalidConfiguration) || error instanceof TargetNotKnown) throw error;
      return unusable(secret, error);
    }
  },
};

interface Foretold {
  /** Name of the user's role on the target. */
  readonly carried: string | undefined;
  /** Whether the role that is to log in is on the target already, in a way that its login may not be ours to make. */
  readonly taken: boolean;
  /** Names of all carried roles. */
  readonly names: readonly string[];
}

async function foretold({ source, target, input }: CheckContext, user: string, role: string | undefined): Promise<Foretold> {
  const copied = await copyOn(target);
  if (copied) {
    const carried = (await rolesCarried(target)) ?? [];
    return { carried: carried.find(({ onSource }) => onSource === user)?.name, taken: false, names: carried.map(({ name }) => name) };
  }
  const carried = (await willCarry(target, input)) ? (await roleMap(source, target, input)).carried : [];
  const own = carried.find(({ name }) => name === user);
  const taken = own ? own.there?.login === true : role !== undefined && (await isThere(target, role));
  return { carried: own?.name, taken, names: carried.map(({ name }) => name) };
}

const isThere = async (target: CheckContext['target'], role: string): Promise<boolean> =>
  (await target.query(roleExists(role)))[0]?.exists === true;

const GIVE = 'Or put the login that the application is to have at the target into a secret, and name it in applicationTargetSecretArn.';

const noLogin = (user: string): readonly Finding[] =>
  warning({
    code: 'ApplicationUsesMigrationLogin',
    objects: [user],
    message:
      'The application logs in to the source as a user that has no role of its own at the target. After a switch it would log in there with the ' +
      'login of the target secret, which owns everything and which no fence of a way back can shut out.',
    remedy: `Name a role in the setting applicationRole, which is then made for it. ${GIVE}`,
  });

const roleIsThere = (role: string): readonly Finding[] =>
  warning({
    code: 'ApplicationRoleIsThere',
    objects: [role],
    message:
      'The role with which the application is to log in at the target is there already. CreateApplicationLogin does not touch it and stops, unless ' +
      'it was made by an earlier migration of this stack.',
    remedy: `Drop the role where it is not needed. ${GIVE}`,
  });

const nameOfAnother = (role: string): readonly Finding[] =>
  blocker({
    code: 'ApplicationRoleIsCarried',
    objects: [role],
    message: 'The setting applicationRole names a role of the source, which stands at the target with its own rights.',
    remedy: 'Give applicationRole another name, and deploy.',
  });

const noRoleToMake = (role: string, ours: string): readonly Finding[] =>
  blocker({
    code: 'ApplicationRoleNotToBeMade',
    objects: [role],
    message: `The setting applicationRole names a role that is to be made at the target, and ${ours} may make none.`,
    remedy: `Put the login of a role with CREATEROLE, such as the default role, into the target secret; or leave applicationRole out. ${GIVE}`,
  });

const twoUsers = (secret: string, users: readonly string[]): readonly Finding[] =>
  blocker({
    code: 'ApplicationSecretUnusable',
    objects: [secret],
    message: `The application's secret names two users, ${users.join(' and ')}: in its URL, and beside it. Which of them gets a login is not known.`,
    remedy: `Put the same user into both. ${GIVE}`,
  });

const unusable = (secret: string, error: InvalidConfiguration): readonly Finding[] =>
  blocker({
    code: 'ApplicationSecretUnusable',
    objects: [secret],
    message: `The application's secret cannot be used as it is: ${error.message}`,
    remedy: 'Correct it, or deploy without applicationSecretArn and change the connection of the application yourself.',
  });

const astray = (secret: string): readonly Finding[] =>
  warning({
    code: 'ApplicationSecretElsewhere',
    objects: [secret],
    message:
      "The application's secret does not lead to the source, so it does not say which role is to log in at the target. None gets a login.",
    remedy: 'Put in the value that leads to the source, before Replicate is started.',
  });
