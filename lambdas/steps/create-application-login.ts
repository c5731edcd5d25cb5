/**
 * Gives the application's role a login on the target, with a password of the stack's, which a switch puts into the application's secret. Where the
 * application is the source's master, or where nothing was carried, a role is made for it, if the deployment names one.
 */
import { InvalidConfiguration } from '../config/errors.ts';
import type { Acting, Looking } from '../engine/contract.ts';
import { defineStep } from '../engine/step.ts';
import * as roles from '../postgres/roles.sql.ts';
import { scramVerifier } from '../postgres/scram.ts';
import { type ApplicationRoleState, applicationRoleState } from '../roles/application-role.sql.ts';
import {
  giveRights,
  NO_RIGHTS_LACKING,
  type RightsLacking,
  rightsLacking,
  type WantedRole,
  wantedRole,
} from '../roles/application-role.ts';
import { rolesCarried } from '../roles/mode.ts';
import { createApplicationLogin as createTable, type RecordedLogin, recordApplicationLogin } from '../state/application-login.sql.ts';
import { loginsMade } from '../state/application-login.ts';
import { gateOf } from '../state/gates.ts';

type Needs = 'source' | 'target' | 'applicationView' | 'applicationLogin';

interface Seen {
  /** Why there is nothing to make; undefined where there is something. */
  readonly nothing?: 'no secret' | 'login given' | 'secret leads elsewhere' | 'login of the target secret';
  readonly users: readonly string[];
  readonly wanted?: WantedRole;
  /** Whether the name for a role to be made is that of a carried one. */
  readonly nameTaken: boolean;
  readonly role?: ApplicationRoleState;
  readonly recorded?: RecordedLogin | undefined;
  /** Whether a switch has closed the target: then nobody but us may connect, and a login cannot be tried. */
  readonly closed: boolean;
  /** Not tried where the target is closed: then whether it was made. */
  readonly works: boolean;
  readonly lacking: RightsLacking;
}

const NOTHING = { users: [], nameTaken: false, closed: false, works: false, lacking: NO_RIGHTS_LACKING };

async function look(ctx: Looking<Needs>): Promise<Seen> {
  const { source, target, applicationView: application, applicationLogin, input } = ctx;
  if (application.secret === undefined) return { ...NOTHING, nothing: 'no secret' };
  if (!application.makesLogin) return { ...NOTHING, nothing: 'login given' };
  if ((await application.pointsAt()) !== 'source') return { ...NOTHING, nothing: 'secret leads elsewhere' };
  const users = await application.currentUsers();
  const [user] = users;
  if (user === undefined || users.length > 1) return { ...NOTHING, users };
  const wanted = await wantedRole(target, user, application.makesLogin.role);
  if (!wanted) return { ...NOTHING, users, nothing: 'login of the target secret' };
  const recorded = (await loginsMade(target)).find(({ role }) => role === wanted.name);
  const [role] = await target.query(applicationRoleState(wanted.name));
  if (!role) throw new Error('A query of one row returns a row.');
  const carried = await rolesCarried(target);
  const gate = await gateOf(target);
  const closed = gate !== undefined && gate.state !== 'open';
  const attempts = recorded ? ATTEMPTS : 1;
  return {
    users,
    wanted,
    nameTaken: !wanted.carried && (carried?.some(({ name }) => name === wanted.name) ?? false),
    role,
    recorded,
    closed,
    works: role.mayLogIn && (closed ? recorded !== undefined : await worksSoon(() => applicationLogin.works(wanted.name), attempts)),
    lacking: wanted.carried ? NO_RIGHTS_LACKING : await rightsLacking(source, target, wanted, input),
  };
}

/** A proxy before a server may not know a role, or its password, that was made a moment ago. */
const ATTEMPTS = 5;
const BETWEEN_ATTEMPTS_MS = 1_000;

async function worksSoon(works: () => Promise<boolean>, attempts: number): Promise<boolean> {
  if (await works()) return true;
  if (attempts <= 1) return false;
  await new Promise((resolve) => setTimeout(resolve, BETWEEN_ATTEMPTS_MS));
  return worksSoon(works, attempts - 1);
}

const isComplete = ({ wanted, role, lacking }: Seen): boolean =>
  wanted?.carried !== undefined || (lacking.toGive.length === 0 && role?.mayMakeTemporary === true && role.closedDefaults.length === 0);

/** What the operator has to decide. */
function refuse({ users, wanted, nameTaken, role, recorded, works }: Seen): void {
  if (users.length > 1) {
    throw refusal(
      `The application's secret names two users, ${users.join(' and ')}: in its URL, and beside it`,
      'Put the same user into both',
    );
  }
  if (!wanted || !role) return;
  const { name } = wanted;
  if (nameTaken)
    throw refusal(`The role ${name}, which applicationRole names, is a role of the source`, 'Give applicationRole another name');
  if (wanted.carried && !role.exists)
    throw refusal(`The role ${name} came with the copy of the schema, and is gone`, 'Make it again, with its rights');
  if (recorded || works || !role.exists) return;
  if (role.mayLogIn) {
    throw refusal(`The role ${name} was on the target before, with a login of its own`, `Put that login into a secret`);
  }
  if (!wanted.carried) {
    throw refusal(`The role ${name}, which applicationRole names, was on the target before`, 'Give applicationRole another name');
  }
  if (!role.administered) throw refusal(`The role ${name} was on the target before, and our role may not give it a login`, 'Give it one');
}

const refusal = (what: string, remedy: string): InvalidConfiguration =>
  new InvalidConfiguration(
    `${what}, so the application's login was not made, and nothing was changed. ${remedy}, or put the login that the application is to have ` +
      'into a secret and name that in the setting applicationTargetSecretArn; deploy, then start again.',
  );

export const createApplicationLogin = defineStep({
  needs: ['source', 'target', 'applicationView', 'applicationLogin'],
  interrupted: "The application's role on the target has its login and its rights, or nothing of both.",
  inspect: look,

  judge(seen) {
    if (seen.nothing !== undefined) return 'done';
    refuse(seen);
    return seen.works && seen.recorded?.onSource === seen.wanted?.onSource && isComplete(seen) ? 'done' : 'todo';
  },

  async act(ctx: Acting<Needs>, { wanted, closed, works, lacking }) {
    const { target, applicationLogin, log } = ctx;
    if (!wanted) return;
    const { name, onSource, carried } = wanted;
    const verifier = scramVerifier(await applicationLogin.password());
    await target.transaction(async (session) => {
      await session.query(roles.lockRoles());
      const [role] = await session.query(applicationRoleState(name));
      if (!role?.exists || !works) {
        const statements = role?.exists ? roles.setVerifier(name, verifier) : roles.createRole(name, verifier);
        for (const statement of roles.asMakerOf(name, ...statements)) await session.query(statement);
      }
      if (!role?.mayConnect && !closed) await session.query(roles.grantConnect(name, target.endpoint.database));
      const refused = carried ? [] : await giveRights(session, target, wanted, lacking);
      if (refused.length > 0) log.warn("Rights could not be given to the application's role", { refused });
      await session.query(createTable());
      await session.query(recordApplicationLogin({ role: name, onSource, made: !carried }));
    });
  },

  evidence: ({ nothing, wanted, works, lacking }) => ({
    ...(nothing === undefined ? {} : { nothing }),
    role: wanted?.name ?? null,
    ...(wanted ? { onSource: wanted.onSource, carried: wanted.carried !== undefined } : {}),
    works,
    rightsToGive: lacking.toGive.length,
    rightsNotOurs: lacking.refused.length,
  }),
});
