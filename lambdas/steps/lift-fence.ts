/**
 * State `LiftFence`: settles a switch that ended in the middle. One that was not committed is aborted: the fence is lifted and the
 * application goes on where it was. One that was committed is completed. Follows every failure of a switch, and is what `Recovery`
 * does, which a rule starts after an execution was aborted, failed or timed out.
 */
import type { Direction } from '../config/direction.ts';
import { AlreadyRunning, SwitchIncomplete } from '../config/errors.ts';
import type { SideName } from '../config/side-name.ts';
import type { Acting, Looking, Verdict } from '../engine/contract.ts';
import { leftToOlder } from '../engine/single-execution.ts';
import { defineStep } from '../engine/step.ts';
import type { Reader } from '../ports/database.ts';
import { partiesOf } from '../replication/streams.ts';
import { cancelAttempts } from '../state/gates.sql.ts';
import { ensureGate, type Gates, servingSide } from '../state/gates.ts';
import { ownSchemaExists } from '../state/own-schema.sql.ts';
import { abortSwitch, callHook, completeSwitch, type Interrupted, lookForInterrupted } from '../switch/recovery.ts';
import { underLease } from '../switch/sessions.ts';
import { retryTransient } from '../switch/timing.ts';

type Needs = 'executions' | 'source' | 'target' | 'application' | 'hook';

interface Seen {
  readonly gates: Gates;
  readonly interrupted: Interrupted | undefined;
  /** Whether the fence is another execution's that may still be alive. */
  readonly notYet: boolean;
  /** An execution that ended, and whose function may still be on its way to the fence of the side that serves. */
  readonly toCallOff: string | undefined;
  readonly waitedSeconds: number;
  /** The older execution in favour of which the one that ended was refused: a switch under way is that one's. */
  readonly leftTo: string | undefined;
  /**
   * In the machine of the switch itself the operator has to read its own failure. So where nothing is left but a call of the user's function
   * that was not made, that is left to Recovery, which follows.
   */
  readonly leftToRecovery: boolean;
}

/** A failover takes a minute or two, a reboot with recovery rarely ten. */
const TIMEOUT_SECONDS = 1_800;

export const liftFence = defineStep({
  needs: ['executions', 'source', 'target', 'application', 'hook'],
  interrupted: 'A fence that is still up lifts itself when its time is over; what is committed stays committed.',

  async inspect({ executions, source, target, application, input, execution, waitedSeconds }: Looking<Needs>): Promise<Seen> {
    const leftTo = await leftToOlder(executions, input.execution);
    const { gates, interrupted } = await lookForInterrupted({ source, target, application });
    const fence = interrupted?.fence;
    if (leftTo !== undefined) {
      if (interrupted && (fence === undefined || fence.execution === input.execution)) throw new AlreadyRunning(leftTo);
      return { gates, interrupted, notYet: false, toCallOff: undefined, waitedSeconds, leftTo, leftToRecovery: false };
    }
    const isTheirs = fence !== undefined && fence.execution !== execution && fence.execution !== input.execution;
    const notYet = isTheirs && fence.remainingMs > 0;
    const leftToRecovery = interrupted?.onlyHookCallLeft === true && isOwn(gates, interrupted.direction, execution);
    const cancelled = await toCallOff(input.execution, gates, { source, target });
    return { gates, interrupted, notYet, toCallOff: cancelled, waitedSeconds, leftTo, leftToRecovery };
  },

  judge({ interrupted, notYet, toCallOff, waitedSeconds, leftTo, leftToRecovery }): Verdict {
    if (leftTo !== undefined || leftToRecovery) return 'done';
    if (!interrupted) return toCallOff === undefined ? 'done' : 'todo';
    if (waitedSeconds > TIMEOUT_SECONDS) throw stuck(interrupted);
    return notYet ? 'pending' : 'todo';
  },

  async act(ctx: Acting<Needs>, { gates, interrupted, toCallOff: execution }) {
    if (execution !== undefined) {
      const serving = ctx[servingSide(gates)];
      await ensureGate(serving);
      await serving.query(cancelAttempts(execution));
    }
    if (!interrupted) return undefined;
    const { direction, committed, epoch } = interrupted;
    const unfinished = { ...ctx, ...partiesOf(direction, ctx), remainingMs: () => ctx.remainingMs() };
    if (!committed) {
      await unfinished.from.query(cancelAttempts());
      const taken = await retryTransient(ctx, () => abortSwitch(unfinished));
      if (!taken.committed) {
        if (taken.left.length === 0 && !isOwn(gates, direction, ctx.execution)) await callHook(unfinished, 'failed');
        return 'pending';
      }
    }
    await retryTransient(ctx, () => underLease(unfinished, (held) => completeSwitch(held, epoch)));
    await unfinished.to.query(cancelAttempts()); // what was left may have been what a later attempt had prepared, which must not go on without it
    return 'pending';
  },

  evidence: ({ gates, interrupted, leftTo }) => ({
    serving: servingSide(gates),
    gates: { source: gates.source?.state ?? 'open', target: gates.target?.state ?? 'open' },
    interrupted: interrupted ? { to: interrupted.direction.to, committed: interrupted.committed, left: [...interrupted.left] } : null,
    ...(leftTo !== undefined && { leftTo }),
  }),
});

/** Whether the switch is this very execution's. */
const isOwn = (gates: Gates, { from }: Direction, execution: string): boolean => gates[from]?.execution === execution;

/** Where our schema is not there yet, no attempt can be on its way, and nothing is made. */
async function toCallOff(execution: string | undefined, gates: Gates, sides: Record<SideName, Reader>): Promise<string | undefined> {
  const serving = servingSide(gates);
  const gate = gates[serving];
  if (execution === undefined || gate?.calledOff === execution || (gate && gate.state !== 'open')) return undefined;
  const [schema] = await sides[serving].query(ownSchemaExists());
  return schema?.exists ? execution : undefined;
}

const stuck = ({ direction, committed, left }: Interrupted): SwitchIncomplete =>
  new SwitchIncomplete(
    `A switch to the ${direction.to} ended in the middle, ${committed ? 'after its commit point, so the application belongs there' : `before its commit point, so the application belongs to the ${direction.from}`}, ` +
      `and this could not be done within half an hour: ${left.join('; ')}. Remove the cause, then start Recovery: it goes on from here.`,
  );
