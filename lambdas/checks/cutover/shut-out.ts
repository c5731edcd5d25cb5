/** Roles that the fence cannot refuse, because they share our role's rights, and sessions that use our role itself. */
import type { MigrationInput } from '../../config/input.ts';
import { rightsOn } from '../../postgres/rights.ts';
import { type RoleKept, rolesKept } from '../../postgres/shut-out.sql.ts';
import { blocker, type Finding, warning } from '../finding.ts';
import type { Side, SwitchCheck, SwitchCheckContext } from './context.ts';
import { clientSessions } from './switch-sessions.sql.ts';

const isHarmless = ({ harmlessRoles }: Pick<MigrationInput, 'harmlessRoles'>, role: string): boolean => harmlessRoles.includes(role);

const on = ({ name }: Side, role: string): string => `${name}: ${role}`;

/** Roles that keep CONNECT on either side: the side switched from is fenced, and the other one is closed until it serves. */
async function keptOn({ from, to }: SwitchCheckContext): Promise<(RoleKept & { readonly side: Side })[]> {
  const found: (RoleKept & { readonly side: Side })[] = [];
  for (const side of [from, to]) {
    for (const one of await side.reader.query(rolesKept())) if (!one.spared) found.push({ ...one, side });
  }
  return found;
}

export const shutOut: SwitchCheck = {
  name: 'roles that the fence cannot shut out',
  async find(ctx) {
    const { input } = ctx;
    const kept = await keptOn(ctx);
    const refused = kept.filter(({ role }) => !isHarmless(input, role));
    const findings: Finding[] = [
      ...blocker({
        code: 'RoleNotShutOut',
        objects: refused.map(({ side, role }) => on(side, role)),
        message:
          'These roles can connect while the database is shut, because they inherit the rights of the role that the migration uses. For them ' +
          'the fence is only a default, which a session that sets transactions to read write overrides: what it writes would be lost.',
        remedy:
          'Take our role from them with the statements here, on the side that each names; or name them in harmlessRoles if they write nothing ' +
          'that matters.',
        statements: [...new Set(refused.flatMap(({ statements }) => statements))],
      }),
      ...warning({
        code: 'RoleTakenForHarmless',
        objects: kept.filter(({ role }) => isHarmless(input, role)).map(({ side, role }) => on(side, role)),
        message: 'The input says of these roles that they write nothing that matters, so they are let in during the switch.',
        remedy: 'Whatever they write between fence and switch is lost.',
      }),
    ];
    return findings;
  },
};

/** Sessions of our own role that are not ours: they are ended, and can connect again at once. */
export const ownRole: SwitchCheck = {
  name: 'other users of our own role',
  async find({ from, current, next, input }) {
    const all = await from.reader.query(clientSessions([current, next]));
    return blocker({
      code: 'OwnRoleUsedByOthers',
      objects: all
        .filter(({ own, role }) => own && role !== null && !isHarmless(input, role))
        .map(({ role, application, count }) => `${from.name}: ${role} (${application || 'unnamed'}): ${count}`),
      message:
        'These sessions log in as the role that the migration itself uses, which no fence can shut out: they come back and may write.',
      remedy:
        'Give them a role of their own, or end them if nothing starts them again; or name the role in harmlessRoles if they write nothing that ' +
        'matters.',
    });
  },
};

/** PlanetScale's edge wants a branch behind the name of a role; the server knows the role alone. */
export function roleOfLogin(user: string, own: { readonly user: string; readonly role: string }): string {
  const branch = own.user.startsWith(`${own.role}.`) ? own.user.slice(own.role.length) : '';
  return branch !== '' && user.endsWith(branch) ? user.slice(0, -branch.length) : user;
}

/** Roles with which the application logs in where a switch has to refuse it: on the side switched from, and for a rollback on the target. */
async function loginsOf({ application, from, to, input }: SwitchCheckContext): Promise<{ readonly side: Side; readonly user: string }[]> {
  const users = (await application.currentUsers()).map((user) => ({ side: from, user }));
  const later = to.name === 'target' && input.reverse ? await application.targetUser() : undefined;
  return later === undefined ? users : [...users, { side: to, user: later }];
}

export const ownLogin: SwitchCheck = {
  name: "the application's own login",
  async find(ctx) {
    const objects: string[] = [];
    for (const { side, user } of await loginsOf(ctx)) {
      const { role } = await rightsOn(side.reader);
      const login = roleOfLogin(user, { user: side.reader.endpoint.user, role });
      if (login === role && !isHarmless(ctx.input, role)) objects.push(on(side, role));
    }
    return blocker({
      code: 'ApplicationUsesOurRole',
      objects: [...new Set(objects)],
      message:
        'The application logs in as the role that the migration itself uses, which no fence can shut out: what it writes before the switch is ' +
        'over would be lost. At the target this concerns the way back.',
      remedy:
        'Make a role of its own for it, and put that login into its secret (for the target name a role in applicationRole, or a ' +
        'secret with its login in applicationTargetSecretArn, and deploy); or name the role in harmlessRoles if the application never sets a transaction to read write by itself; or, for the ' +
        'target, give up the way back with "reverse": false.',
    });
  },
};
