/**
 * Guide A, step 1, and what the newer guides ask for by hand: role, parameters and disk of PlanetScale's cluster, by its API. It comes first in its
 * machine, since a restart ends every connection. Without a token nothing is done. What was there before is recorded first, where RestoreTarget
 * finds it, and what the API says is believed once the server says it.
 */
import { carries } from '../cluster/journal.ts';
import { CannotConnect, TargetNotKnown } from '../config/errors.ts';
import type { Json } from '../config/json.ts';
import type { Acting, Looking } from '../engine/contract.ts';
import { refuseBesideOlder } from '../engine/single-execution.ts';
import { defineStep } from '../engine/step.ts';
import type { Branch, ChangeRequest } from '../ports/planetscale.ts';
import { branchName, recordIn, strangeKeys, type TargetRecord } from '../target/journal.ts';
import { describe, lookAtTarget, planFor, type TargetPlan, type TargetView } from '../target/plan.ts';
import { textIn } from '../target/previous.ts';
import * as refusals from '../target/refusals.ts';
import { deleteRole, makeRole, NO_TRAIL, type RoleTrail, recordRole, roleNameOf, trailOf } from '../target/role.ts';
import { connectedTo } from '../target/serves.ts';
import { changesAnything, endedInVain, newestOf, recordFor, tagsToWrite, wantedBy } from '../target/setup.ts';
import { isUnderWay } from '../target/storage.ts';

type Needs = 'source' | 'target' | 'planetscaleSetup' | 'targetJournal' | 'targetSecret' | 'executions';

/** What PlanetScale says whether or not there is a login. */
interface Known {
  readonly branch: Branch;
  readonly record: TargetRecord;
  readonly changes: readonly ChangeRequest[];
  /** Id of the newest change when this execution looked first. */
  readonly knownBefore: string;
}

type Seen =
  | { readonly at: 'no token' }
  /** The branch, or a change of it, is not ready. */
  | (Known & { readonly at: 'waiting'; readonly waitsFor: string })
  | (Known & { readonly at: 'no login'; readonly secret: string })
  | (Known & {
      readonly at: 'login';
      readonly view: TargetView;
      readonly plan: TargetPlan;
      readonly trail: RoleTrail;
      readonly patient: boolean;
    });

/** A role that has just been made may take a while before it logs in, and a change before the server shows it. */
const PATIENCE_SECONDS = 600;

async function look(ctx: Looking<Needs>): Promise<Seen> {
  const { planetscaleSetup: planetscale, targetJournal, targetSecret, previous, waitedSeconds, input } = ctx;
  if (!planetscale.configured) return { at: 'no token' };
  const [branch, changes] = [await planetscale.branch(), await planetscale.changes()];
  const tags = await targetJournal.tags();
  const strange = strangeKeys(targetJournal.stack, tags);
  if (strange.length > 0) throw refusals.strange(strange);
  const record = recordIn(targetJournal.stack, tags);
  const known: Known = { branch, record, changes, knownBefore: textIn(previous, 'newestChangeBefore') ?? newestOf(changes) };
  if (record.branch !== undefined && record.branch !== branchName(branch)) throw refusals.anotherBranch(record.branch, branch);
  const underWay = changes.find(isUnderWay);
  if (underWay) return { ...known, at: 'waiting', waitsFor: `the change ${underWay.id} by ${underWay.actor}, which is ${underWay.state}` };
  if (!branch.isReady) return { ...known, at: 'waiting', waitsFor: `the branch, which is ${branch.state}` };
  if (await targetSecret.isEmpty()) return { ...known, at: 'no login', secret: targetSecret.name };
  const patient = waitedSeconds < PATIENCE_SECONDS;
  try {
    const view = await lookAtTarget({ planetscale, source: ctx.source, target: ctx.target, input });
    if (!view.server) return { ...known, at: 'waiting', waitsFor: 'the login, which was filled in a moment ago' };
    const name = roleNameOf(targetJournal.stack, targetSecret.name);
    const isOpen = record.roleName === name && record.role?.user !== ctx.target.endpoint.user;
    const trail = isOpen ? trailOf(await planetscale.roles(), name, ctx.target.endpoint.user, record.role?.id) : NO_TRAIL;
    return { ...known, at: 'login', view, plan: planFor(view, input), trail, patient };
  } catch (error) {
    if (error instanceof TargetNotKnown) return { ...known, at: 'waiting', waitsFor: 'the login, which was filled in a moment ago' };
    const isNew = textIn(previous, 'role') === MADE && patient;
    if (error instanceof CannotConnect && isNew) return { ...known, at: 'waiting', waitsFor: 'the new role, which cannot log in yet' };
    throw error;
  }
}

const MADE = 'made';

/** @throws AlreadyRunning beside an older execution: this is the first step of its machine */
async function inspect(ctx: Looking<Needs>): Promise<Seen> {
  await refuseBesideOlder(ctx.executions);
  return look(ctx);
}

/** Writes the journal, and reads it again, since a tag may take a moment to show. @returns whether everything about to be changed is recorded */
async function recorded({ targetJournal }: Acting<Needs>, record: TargetRecord): Promise<boolean> {
  const tags = await targetJournal.tags();
  const { write, stale, fits } = tagsToWrite(targetJournal.stack, tags, record);
  if (!fits) throw refusals.journalFull();
  await targetJournal.add(write);
  if (stale.length > 0) await targetJournal.remove(stale);
  return carries(await targetJournal.tags(), write);
}

export const configureTarget = defineStep({
  needs: ['source', 'target', 'planetscaleSetup', 'targetJournal', 'targetSecret', 'executions'],
  interrupted: "Whatever it had changed at PlanetScale is written down in the tags of the token's secret, and RestoreTarget puts it back.",
  inspect,

  judge(seen) {
    if (seen.at === 'no token') return 'done';
    if (seen.at === 'waiting') return 'pending';
    if (seen.at === 'no login') {
      if (seen.record.role) throw refusals.loginIsGone(seen.secret, seen.record.role.user);
      return 'todo';
    }
    const { plan, trail, changes, knownBefore, patient } = seen;
    if (trail.record || trail.lost.length > 0) return 'todo';
    const inTheWay = plan.obstacles.filter(({ isRequired }) => isRequired);
    if (inTheWay.length > 0) throw refusals.cannotChange(inTheWay);
    const vain = endedInVain(plan, changes, knownBefore);
    if (vain?.state === 'completed' && patient) return 'pending';
    if (vain) throw refusals.inVain(vain, describe(plan));
    if (changesAnything(plan)) return 'todo';
    if (plan.notInForce.length === 0) return 'done';
    if (patient) return 'pending';
    const required = plan.notInForce.filter(({ isRequired }) => isRequired);
    if (required.length > 0) throw refusals.notInForce(required);
    return 'done';
  },

  async act(ctx, seen) {
    const { planetscaleSetup: planetscale, targetJournal: journal, targetSecret: secret, log } = ctx;
    if (seen.at === 'no login') {
      await makeRole({ planetscale, journal, secret }, seen.branch);
      return 'pending';
    }
    if (seen.at !== 'login') return 'pending';
    const { plan, trail, view, record } = seen;
    if (trail.record) await recordRole(journal, trail.record);
    for (const lost of trail.lost) await deleteRole(planetscale, lost.id);
    if (trail.record || trail.lost.length > 0) return 'pending';
    if (!(await recorded(ctx, recordFor(plan, view, record)))) return 'pending';
    // Somebody else may have changed it since it was looked at; then it is looked at again.
    const [changes, parameters] = [await planetscale.changes(), await planetscale.parameters()];
    const isAsSeen = plan.changes.every(({ namespace, name, from }) =>
      parameters.some((now) => now.namespace === namespace && now.name === name && now.value === from),
    );
    if (changes.some(isUnderWay) || !isAsSeen) return 'pending';
    const restarts = plan.storage !== undefined || plan.changes.some((change) => change.restarts);
    if (restarts && ctx.input.restart !== 'now' && (await connectedTo(ctx.target)).length > 0) return 'pending';
    log.info('Changing the cluster at PlanetScale', { changes: describe(plan) });
    const asked = await planetscale.change(wantedBy(plan));
    return asked ? 'pending' : undefined;
  },

  evidence(seen, before): Json {
    if (seen.at === 'no token') return { planetscale: 'no token is configured: Preflight says what a person has to set there' };
    const first = before.at === 'no token' ? seen : before;
    return {
      branch: branchName(seen.branch),
      clusterSize: seen.branch.clusterSize,
      newestChangeBefore: first.knownBefore,
      ...(before.at === 'no login' || (seen.at === 'waiting' && seen.record.role) ? { role: MADE } : {}),
      ...(seen.at === 'waiting' ? { waitsFor: seen.waitsFor } : {}),
      ...(seen.at === 'login' ? ofPlan(seen.plan) : {}),
      ...(before.at === 'login' && changesAnything(before.plan) ? { asksFor: describe(before.plan) } : {}),
      changed: changedIn(seen.record),
    };
  },
});

const ofPlan = ({ changes, storage, slot, obstacles, notInForce, role }: TargetPlan): { readonly [key: string]: Json } => ({
  toChange: describe({ changes, storage, role }),
  slot: { name: slot.name, status: slot.status },
  left: obstacles.map(({ what, remedy }) => `${what}. ${remedy}`),
  notInForce: notInForce.map(({ name, configured, server }) => `${name}: ${configured} at PlanetScale, ${server} on the server`),
});

/** What the journal says that we have changed. */
const changedIn = ({ parameters = [], disk, slot, role }: TargetRecord): Json => ({
  parameters: Object.fromEntries(parameters.map(({ name, was, sets }) => [name, `${was || 'empty'} → ${sets.at(-1) ?? ''}`])),
  ...(disk && { diskBytes: `${disk.was} → ${disk.set}` }),
  ...(slot && { slotEntered: slot.slot }),
  ...(role && { role: role.user }),
});
