/** What becomes of the source's roles on the target, where owners and grants are to be carried. */
import type { Reader } from '../../ports/database.ts';
import { identifier } from '../../postgres/quote.ts';
import { rightsOn } from '../../postgres/rights.ts';
import { misnamedInWords } from '../../roles/carry.ts';
import { mayMakeRoles } from '../../roles/mode.ts';
import { accessOn, mapRoles, type RoleMap, type RoleToCarry } from '../../roles/role-map.ts';
import { keptSettings, settingsNotOurs } from '../../roles/settings.sql.ts';
import { mappedSettings } from '../../roles/settings.ts';
import { settingOf } from '../../roles/words.ts';
import { blocker, type Finding, onTarget, warning } from '../finding.ts';
import type { ReadinessCheck } from './context.ts';
import { rolesToPassOn } from './roles.sql.ts';

const FLATTEN = '{"roles": "flatten"}';

export const roles: ReadinessCheck = {
  name: 'roles that own or are granted something',
  async find({ source, target, input }) {
    if (input.roles === 'flatten') return [];
    const rights = await rightsOn(target);
    if (!mayMakeRoles(rights)) return flattened(rights.role);
    const access = await accessOn(source, input);
    const map = await mapRoles(access, target);
    const owners = new Set(access.objects.filter(({ ownable }) => ownable).map(({ owner }) => owner));
    return [
      ...misnamed(map),
      ...alreadyThere(map, owners),
      ...leftOut(map, await notPassedOn(target, map)),
      ...withoutAttributes(map),
      ...(await settingsLeft(source, target, map)),
    ];
  },
};

const flattened = (role: string): readonly Finding[] =>
  warning({
    code: 'RolesFlattened',
    objects: [`target: ${role}`],
    message:
      'Owners, grants and settings cannot be carried, since this role may make no roles on the target. Everything will belong to it, as in the ' +
      'guides: code of others runs with its rights, and the roles of the application are granted nothing.',
    remedy:
      'Put a role that inherits postgres into the target secret (PlanetScale: Settings → Roles → New role), or the default role itself; or say ' +
      `${FLATTEN} and do what the other findings name by hand.`,
  });

const misnamed = ({ misnamed: names }: RoleMap): readonly Finding[] =>
  blocker({
    code: 'RoleMisnamed',
    objects: names,
    message: misnamedInWords(names),
    remedy: 'See above; or exclude what they own.',
  });

/** What would have to own something, and cannot be given it. */
const isClosed = ({ there, name }: RoleToCarry, owners: ReadonlySet<string>): boolean =>
  there !== undefined && !there.administered && owners.has(name);

function alreadyThere({ carried, ours }: RoleMap, owners: ReadonlySet<string>): readonly Finding[] {
  const there = carried.filter((role) => role.there);
  const closed = there.filter((role) => isClosed(role, owners));
  return [
    ...blocker({
      code: 'RoleNotOurs',
      objects: closed.map(({ name, there: found }) => (found?.superuser ? `${name} (superuser)` : name)),
      message:
        `These roles own something on the source, and roles of the same names are on the target already. ${ours} may neither act for them there nor ` +
        'give itself that right, so it could give them nothing to own, and could not apply changes to their tables.',
      remedy:
        'Run the statements as a role that may pass these on; Cleanup does not take back what you granted. Or rename or drop the roles there, if ' +
        `they are not the same; or say ${FLATTEN}.`,
      statements: closed
        .filter(({ there: found }) => !found?.superuser)
        .map(({ name }) => onTarget(`grant ${identifier(name)} to ${identifier(ours)} with inherit true, set true;`)),
    }),
    ...warning({
      code: 'RoleIsThere',
      objects: there.filter((role) => !closed.includes(role)).map(({ name, there: found }) => `${name}${found?.login ? ' (logs in)' : ''}`),
      message:
        'Roles of these names are on the target already, and are used as they are: they get what their namesakes have on the source, beside what ' +
        'they have there.',
      remedy: 'See that they are meant to be the same. Otherwise rename or drop them on the target before the copy.',
    }),
  ];
}

/** Memberships in predefined roles that the target does not let us pass on, such as `reporter in pg_monitor`. */
async function notPassedOn(target: Reader, { memberships }: RoleMap): Promise<string[]> {
  const predefined = memberships.filter(({ role }) => role.startsWith('pg_'));
  if (predefined.length === 0) return [];
  const passed = new Set((await target.query(rolesToPassOn(predefined.map(({ role }) => role)))).map(({ name }) => name));
  return predefined.filter(({ role }) => !passed.has(role)).map(({ role, member }) => `${member} in ${role}`);
}

const leftOut = ({ leftOut: names, misnamed: refused, ours }: RoleMap, memberships: readonly string[]): readonly Finding[] =>
  warning({
    code: 'RolesLeftOut',
    objects: [...names.filter((name) => !refused.includes(name)), ...memberships],
    message:
      'These roles stay behind with what they are granted: they belong to a platform (rds…, aws…, and pscale_…, which PlanetScale keeps for itself), ' +
      `or the target does not know them. What they own will belong to ${ours}. Memberships are named where ${ours} may not pass on the role.`,
    remedy:
      'Usually nothing: the platform of the target has roles of its own. Where a role of the application is a member of one, give it on the target ' +
      'what it needs of that; rename one of yours whose name begins with pscale_.',
  });

/** What a managed target keeps for itself is refused by CopySchema, one by one. */
async function settingsLeft(source: Reader, target: Reader, map: RoleMap): Promise<readonly Finding[]> {
  const settings = mappedSettings(await source.query(keptSettings()), map);
  const refused = new Set((await target.query(settingsNotOurs([...new Set(settings.map(({ name }) => name))]))).map(({ name }) => name));
  return warning({
    code: 'SettingsNotAllowed',
    objects: settings.filter(({ name }) => refused.has(name)).map(({ role, here, name }) => settingOf(role, here, name)),
    message: `${map.ours} may not set these for a database or a role on the target, so they stay behind.`,
    remedy:
      'Where the application needs one, set it in the parameters of the PlanetScale cluster, or in what the application sends when it connects.',
  });
}

/** A login for the application is made by the migration where it is asked for; everything else is the operator's. */
const withoutAttributes = ({ carried }: RoleMap): readonly Finding[] =>
  warning({
    code: 'RoleAttributesLeftBehind',
    objects: carried
      .filter(({ there }) => !there)
      .flatMap(({ name, login, attributes }) => {
        const lost = [...(login ? ['login'] : []), ...attributes];
        return lost.length > 0 ? [`${name}: ${lost.join(', ')}`] : [];
      }),
    message: 'These roles are made on the target without a login, a password, and the attributes named here.',
    remedy:
      'The role as which the application logs in gets a login by the migration. Give others what they need on the target: alter role … login ' +
      "password '…'. What only PlanetScale may give, its dashboard has.",
  });
