/**
 * State `DropReplication`: removes what the migration made in both databases, from every state. Guide W, step 11, and the steps it omits.
 * A side that cannot be reached does not keep the other from being cleaned; the execution ends red and says what is left.
 *
 * A fence that a switch did not remove is lifted, and gates are opened, with the settings that the database had before. That the target serves
 * the application by then is how a migration ends. A committed switch that was not completed is refused, because the rest of it
 * decides where the application writes. Replica identities that the migration has set go back to what they were, unless another
 * session changed them since.
 */

import { removeArtifacts, sourceToClean, stopSwitches, targetToClean } from '../cleanup/artifacts.ts';
import { evidenceOf, servedAccordingTo } from '../cleanup/evidence.ts';
import { left, leftInTheWay } from '../cleanup/left.ts';
import { look } from '../cleanup/side.ts';
import { lookAtSource } from '../cleanup/source.ts';
import * as state from '../cleanup/state.ts';
import { isFenced, refusal, wasCommitted } from '../cleanup/switched.ts';
import { lookAtTarget } from '../cleanup/target.ts';
import { CleanupIncomplete } from '../config/errors.ts';
import type { Acting, Looking } from '../engine/contract.ts';
import { refuseBesideOlder } from '../engine/single-execution.ts';
import { defineStep } from '../engine/step.ts';
import { recordSwitch } from '../target/role.ts';

type Needs = 'executions' | 'source' | 'target' | 'targetLogin' | 'targetJournal' | 'applicationView' | 'applicationOriginal';

const STEP = 'DropReplication';

async function lookAround(ctx: Looking<Needs>): Promise<state.CleanupState> {
  const { source, target, applicationView, applicationOriginal, input, previous, waitedSeconds } = ctx;
  const at = { source: source.endpoint, target: target.endpoint };
  const seen = {
    source: await look(() => lookAtSource(source)),
    target: await look(() => lookAtTarget(target, at.source.database, input.target === 'drop')),
    original: await look(() => applicationOriginal.isKept()),
    at,
    servedAtFirst: servedAccordingTo(previous),
    lost: input.lost,
    waitedSeconds,
  };
  const { gates, complete } = state.switchStateOf({ ...seen, pointsAt: undefined });
  return { ...seen, pointsAt: complete && (wasCommitted(gates) || isFenced(gates)) ? await applicationView.pointsAt() : undefined };
}

/** @throws CleanupIncomplete where a switch stands in the way */
function refuse(ctx: state.CleanupState, drop: boolean): void {
  const reason = refusal(state.switchStateOf(ctx), drop);
  if (reason !== undefined) throw new CleanupIncomplete(reason);
}

export const dropReplication = defineStep({
  needs: ['executions', 'source', 'target', 'targetLogin', 'targetJournal', 'applicationView', 'applicationOriginal'],
  interrupted: 'What was removed by then is gone, and the rest is still there.',

  async inspect(ctx: Looking<Needs>): Promise<state.CleanupState> {
    await refuseBesideOlder(ctx.executions);
    return lookAround(ctx);
  },

  judge(seen, input) {
    const drop = input.target === 'drop';
    refuse(seen, drop);
    if (seen.target.reached && !state.belongsToAnother(seen) && seen.target.artifacts.inTheWay.length > 0) {
      throw new CleanupIncomplete(leftInTheWay(seen.at.target, seen.target.artifacts.inTheWay));
    }
    if (state.waitsForTheOtherGate(seen)) return 'pending';
    if (state.sourceIsTodo(seen) || state.targetIsTodo(seen) || state.originalIsTodo(seen)) return 'todo';
    if (state.mayComeBack(seen)) return 'pending';
    const all = left(seen, drop);
    if (all.length > 0) throw new CleanupIncomplete(`Something of the migration is left. ${all.join(' ')}`);
    return 'done';
  },

  /** The application's secret comes last: as long as anything else is there, what it keeps may be of use. */
  async act(ctx: Acting<Needs>, seen) {
    const { source, target, applicationOriginal, input, remainingMs, log } = ctx;
    const drop = input.target === 'drop';
    const targets = [
      ...(state.targetIsTodo(seen) ? [targetToClean(target, seen.at.source.database, drop)] : []),
      ...(state.sourceIsTodo(seen) ? [sourceToClean(source)] : []),
    ];
    await stopSwitches(targets, STEP);
    // Until a moment ago a function that no execution waits for any more may have committed its switch.
    const now = await lookAround(ctx);
    refuse(now, drop);
    if (state.reachChanged(now, seen) || state.waitsForTheOtherGate(now)) return 'pending';
    const served = state.servedIn(seen);
    if (served === 'target' && ctx.applicationView.secret === undefined) await recordSwitch(ctx.targetJournal);
    if (served !== undefined) log.info('Gates are opened on both sides', { served });
    if (!(await removeArtifacts(targets, remainingMs))) return 'pending';
    await applicationOriginal.forgetOriginal();
    // A side that was out of reach may be back by now, with everything that it has.
    return seen.source.reached && seen.target.reached ? undefined : 'pending';
  },

  evidence: (seen, before) => evidenceOf(seen, before),
});
