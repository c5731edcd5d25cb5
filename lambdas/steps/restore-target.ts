/**
 * Puts PlanetScale's cluster back as the journal says, once the streams are gone: parameters, the list of slots, the role. What was changed meanwhile
 * is left alone, the disk stays as large as it is, and a cluster that serves is restarted with consent only. The journal is removed last, entry by
 * entry, so that what has to wait is put back by a later Cleanup.
 */
import { keysOf } from '../cluster/journal.ts';
import { StatementFailed, TargetNotKnown } from '../config/errors.ts';
import type { Json } from '../config/json.ts';
import type { Acting, Looking } from '../engine/contract.ts';
import { defineStep } from '../engine/step.ts';
import type { Reader } from '../ports/database.ts';
import type { BranchRole } from '../ports/planetscale.ts';
import { passOnDefaultPrivileges } from '../target/default-privileges.sql.ts';
import { branchName, keysOfRole, recordIn, stacksOnBranch, strangeKeys, type TargetRecord, tagsOf } from '../target/journal.ts';
import { keptOnServer } from '../target/kept.sql.ts';
import { textIn } from '../target/previous.ts';
import * as refusals from '../target/refusals.ts';
import { askedOnce, type Restoration, restorationOf } from '../target/restoration.ts';
import { deleteRole, leadsElsewhere, roleNameOf, rolesNamed, SUCCESSOR } from '../target/role.ts';
import { type RoleUse, roleUse } from '../target/role-end.ts';
import { connectedTo } from '../target/serves.ts';
import { newestOf, wantedBy } from '../target/setup.ts';
import { isUnderWay } from '../target/storage.ts';

type Needs = 'target' | 'planetscaleRestore' | 'targetJournal' | 'targetSecret' | 'applicationView';

type Seen =
  | { readonly at: 'nothing'; readonly why: string; readonly said: readonly string[] }
  | { readonly at: 'lost'; readonly keys: readonly string[]; readonly record: TargetRecord }
  | { readonly at: 'waiting'; readonly waitsFor: string; readonly said: readonly string[]; readonly knownBefore: string }
  | {
      readonly at: 'journal';
      readonly branch: string;
      readonly record: TargetRecord;
      readonly keys: readonly string[];
      readonly restoration: Restoration;
      readonly role: RoleUse;
      /** Roles that were asked for and whose login never got into the secret. */
      readonly lostRoles: readonly BranchRole[];
      readonly roleKeys: readonly string[];
      readonly said: readonly string[];
      /** Id of the newest change when this execution looked first. */
      readonly knownBefore: string;
    };

async function inspect(ctx: Looking<Needs>): Promise<Seen> {
  const { planetscaleRestore: planetscale, targetJournal, targetSecret, applicationView, input, previous, results } = ctx;
  const said = saidIn(previous);
  if (!planetscale.configured) return { at: 'nothing', why: 'no token is configured', said };
  const { stack } = targetJournal;
  const tags = await targetJournal.tags();
  const keys = keysOf(stack, tags);
  if (keys.length === 0) return { at: 'nothing', why: 'nothing is recorded as changed', said };
  const record = recordIn(stack, tags);
  if (input.lost === 'target') return { at: 'lost', keys, record };
  const strange = strangeKeys(stack, tags);
  if (strange.length > 0) throw refusals.strange(strange);
  const branch = await planetscale.branch();
  if (record.branch !== branchName(branch)) throw refusals.anotherBranch(record.branch ?? 'an unknown branch', branch);
  const changes = await planetscale.changes();
  const knownBefore = textIn(previous, 'newestChangeBefore') ?? newestOf(changes);
  const underWay = changes.find(isUnderWay);
  if (underWay)
    return { at: 'waiting', waitsFor: `the change ${underWay.id} by ${underWay.actor}, which is ${underWay.state}`, said, knownBefore };
  if (!branch.isReady) return { at: 'waiting', waitsFor: `the branch, which is ${branch.state}`, said, knownBefore };
  const [parameters, roles] = [await planetscale.parameters(), await planetscale.roles()];
  const target = await loginOf(ctx, record, roles);
  const served = servedIn(results);
  const name = roleNameOf(stack, targetSecret.name);
  return {
    at: 'journal',
    branch: branchName(branch),
    record,
    keys,
    restoration: askedOnce(
      restorationOf({
        ...{ stack, tags, record, parameters },
        noRestart: input.restart === 'now' ? undefined : await whyNoRestart(target, served),
        kept: (await target?.query(keptOnServer()))?.[0],
        others: stacksOnBranch(stack, tags, branchName(branch)),
      }),
      changes,
      knownBefore,
    ),
    role: await roleUse({ target, application: applicationView, record, name, roles, served }),
    lostRoles: record.roleName === name && !record.role ? rolesNamed(roles, name) : [],
    roleKeys: keysOfRole(stack, tags),
    said,
    knownBefore,
  };
}

/** The target, where it has a login that can be of use: not the one of a role that is gone. */
async function loginOf(
  { target, targetSecret }: Looking<Needs>,
  { role }: TargetRecord,
  roles: readonly BranchRole[],
): Promise<Reader | undefined> {
  if (!target || (await targetSecret.isEmpty())) return undefined;
  try {
    const { user } = target.endpoint;
    const isGone = role !== undefined && user === role.user && !roles.some(({ id }) => id === role.id);
    return isGone || leadsElsewhere(user, roles) ? undefined : target;
  } catch (error) {
    if (error instanceof TargetNotKnown) return undefined;
    throw error;
  }
}

async function whyNoRestart(target: Reader | undefined, served: unknown): Promise<string | undefined> {
  const consent = 'Start Cleanup again when nobody is connected, or consent with {"restart": "now"}.';
  if (!target) return `It takes a restart, and without a login nobody can see whom that would disturb: ${consent}`;
  const who = [...(served === 'target' ? ['the application, which was switched to it'] : []), ...(await connectedTo(target))];
  return who.length > 0
    ? `It takes a restart, which ends every connection, and the cluster serves ${who.join(', ')}. ${consent}`
    : undefined;
}

/** The side that served by the evidence of DropReplication, in the same execution. */
const servedIn = (results: Readonly<Record<string, unknown>>): unknown =>
  (results.DropReplication as { readonly evidence?: { readonly served?: unknown } } | undefined)?.evidence?.served;

/** What the visits before have said: entries of the journal are gone once they are settled. */
function saidIn(previous: Json | undefined): string[] {
  const says = (previous as { readonly says?: unknown } | undefined)?.says;
  return Array.isArray(says) ? says.filter((text) => typeof text === 'string') : [];
}

/** Whether the role has to go, and may. */
const mayGo = ({ role, usedBy }: RoleUse): boolean => role !== undefined && usedBy === undefined;
const staysFor = ({ role, usedBy }: RoleUse): string | undefined => (role ? usedBy : undefined);
const marksSwitch = ({ role, record }: Seen & { readonly at: 'journal' }): boolean =>
  role.role !== undefined && role.isSwitched && record.switched !== true;

/** What can be removed from the journal, when everything that can be put back is. */
function keysToRemove({ restoration, role, keys, roleKeys }: Seen & { readonly at: 'journal' }): readonly string[] {
  const roleStays = staysFor(role) !== undefined;
  if (restoration.waiting.length === 0 && !roleStays) return keys;
  return [...restoration.settled, ...(roleStays ? [] : roleKeys)];
}

/** As far as we may: what stays with the role goes with it, and nothing that is there depends on it. */
async function passOnDefaults({ target, log }: Pick<Acting<Needs>, 'target' | 'log'>, { role }: BranchRole): Promise<void> {
  try {
    await target.query(passOnDefaultPrivileges(role, SUCCESSOR));
  } catch (error) {
    if (!(error instanceof StatementFailed)) throw error;
    log.warn(`Default privileges of the role went with it, in place of to ${SUCCESSOR}`, { error: error.message });
  }
}

async function act(ctx: Acting<Needs>, seen: Seen) {
  const { planetscaleRestore: planetscale, targetJournal: journal, targetSecret: secret, log } = ctx;
  if (seen.at === 'lost') {
    if (seen.record.role) await secret.empty(seen.record.role.user);
    await journal.remove(seen.keys);
  }
  if (seen.at !== 'journal') return 'pending';
  const { restoration, role, lostRoles, record } = seen;
  if (restoration.put.length > 0) {
    const now = await planetscale.parameters();
    const isAsSeen = restoration.put.every(({ namespace, name, from }) =>
      now.some((parameter) => parameter.namespace === namespace && parameter.name === name && parameter.value === from),
    );
    if (!isAsSeen || (await planetscale.changes()).some(isUnderWay)) return 'pending';
    const asked = await planetscale.change(wantedBy({ changes: restoration.put, storage: undefined }));
    return asked ? 'pending' : undefined;
  }
  if (marksSwitch(seen)) await journal.add(tagsOf(journal.stack, { switched: true }));
  for (const lost of lostRoles) await deleteRole(planetscale, lost.id);
  if (role.role && mayGo(role)) {
    // The login goes first: in a secret that leads to a role that is gone, no Cleanup would get as far as here.
    if (!record.ending) {
      await passOnDefaults(ctx, role.role);
      await journal.add(tagsOf(journal.stack, { ending: true }));
      return 'pending';
    }
    if (record.role) await secret.empty(record.role.user);
    await deleteRole(planetscale, role.role.id);
  } else if (record.role && staysFor(role) === undefined) await secret.empty(record.role.user);
  log.info('The branch is as its journal says', { leftAlone: restoration.leftAlone, waiting: restoration.waiting });
  const keys = keysToRemove(seen);
  if (keys.length > 0) await journal.remove(keys);
  return 'pending'; // a tag may go on being shown for a moment
}

export const restoreTarget = defineStep({
  needs: ['target', 'planetscaleRestore', 'targetJournal', 'targetSecret', 'applicationView'],
  interrupted: "What was put back by then stays so, and the tags of the token's secret say what is left.",
  inspect,

  judge(seen) {
    if (seen.at === 'nothing') return 'done';
    if (seen.at === 'waiting') return 'pending';
    if (seen.at === 'lost') return 'todo';
    const { restoration, role, lostRoles } = seen;
    const isTodo = restoration.put.length > 0 || lostRoles.length > 0 || mayGo(role) || marksSwitch(seen) || keysToRemove(seen).length > 0;
    return isTodo ? 'todo' : 'done';
  },

  act,

  evidence(seen, before): Json {
    const says = [
      ...new Set([
        ...('said' in before ? before.said : []),
        ...(before.at === 'journal' ? sentences(before) : before.at === 'lost' ? [givenUp(before.record)] : []),
      ]),
    ];
    return {
      ...(seen.at === 'nothing' ? { nothingLeft: seen.why } : {}),
      ...('knownBefore' in before ? { newestChangeBefore: before.knownBefore } : {}),
      ...(seen.at === 'waiting' ? { waitsFor: seen.waitsFor } : {}),
      ...(seen.at === 'journal' ? { branch: seen.branch, waiting: seen.restoration.waiting } : {}),
      ...(says.length > 0 ? { says } : {}),
    };
  },
});

const givenUp = ({ branch = 'the branch', role, parameters = [] }: TargetRecord): string =>
  `The target is given up: nothing was put back at ${branch}${role ? `, and the role ${role.user} was not deleted there` : ''}. Where the branch is still there, ` +
  `do so by hand${parameters.map(({ name, was }) => `; ${name} was ${was || 'empty'}`).join('')}.`;

/** What a visit that found this does, and leaves. */
function sentences({ restoration: { put, leftAlone, waiting }, role, record }: Seen & { readonly at: 'journal' }): string[] {
  if (put.length > 0) return put.map(({ name, from, to }) => `${name} is put back from ${from || 'empty'} to ${to || 'empty'}.`);
  const user = record.role?.user;
  return [
    ...leftAlone,
    ...waiting,
    ...(record.disk ? [`The disk stays at ${record.disk.set} bytes; it was ${record.disk.was} before, and none shrinks.`] : []),
    ...(user !== undefined && mayGo(role) ? [`The role ${user} is deleted, and what it owned belongs to ${SUCCESSOR}.`] : []),
    ...(staysFor(role) === undefined
      ? []
      : [
          `The role ${user} stays, because ${staysFor(role)}. Delete it at PlanetScale, with a successor, when nobody needs it, and put {} into the target secret.`,
        ]),
  ];
}
