/** What both switching steps have in common, which is everything but the direction. */
import { readersAfter } from '../cluster/readers.ts';
import type { Direction } from '../config/direction.ts';
import { SwitchFailed } from '../config/errors.ts';
import type { Json } from '../config/json.ts';
import type { Acting, Looking, Verdict } from '../engine/contract.ts';
import { refuseBesideOlder } from '../engine/single-execution.ts';
import { nextStream, partiesOf } from '../replication/streams.ts';
import { committedDirection, type Gates, lookAtGates, servingSide } from '../state/gates.ts';
import { switchOf } from './context.ts';
import { lookForInterrupted } from './recovery.ts';
import { complete, performSwitch } from './run.ts';
import { abortSwitch, outstanding, tell, untold } from './settle.ts';
import { sayingWhoServed, sayingWhoServes } from './who-serves.ts';

export const SWITCH_NEEDS = ['executions', 'source', 'target', 'replication', 'comparison', 'application', 'hook'] as const;
type Needs = (typeof SWITCH_NEEDS)[number];

export interface Seen {
  readonly gates: Gates;
  /** What a committed switch in this direction has still to do; undefined where none is committed. */
  readonly left: readonly string[] | undefined;
  readonly wayBack: Awaited<ReturnType<typeof nextStream>>;
  /** What the source's readers go on doing; undefined where there are none, and on the way back. */
  readonly readers: Json | undefined;
  /** What a person has to change where no secret is configured. */
  readonly byHand: string | undefined;
}

export const switching = (direction: Direction) => ({
  needs: SWITCH_NEEDS,

  inspect: (ctx: Looking<Needs>): Promise<Seen> => sayingWhoServes(direction, ctx, () => look(direction, ctx)),

  judge: ({ left }: Seen): Verdict => (left?.length === 0 ? 'done' : 'todo'),

  act: (ctx: Acting<Needs>, seen: Seen): Promise<void> => sayingWhoServes(direction, ctx, () => act(direction, ctx, seen)),

  evidence: (seen: Seen): Json => sayingWhoServed(direction, seen.gates, () => evidence(direction, seen)),
});

async function look(direction: Direction, { executions, source, target, application, results }: Looking<Needs>): Promise<Seen> {
  await refuseBesideOlder(executions);
  const gates = await lookAtGates(source, target);
  const parties = partiesOf<typeof source>(direction, { source, target });
  const { host, port, database } = parties.to.endpoint;
  return {
    gates,
    left:
      committedDirection(gates) === direction
        ? [...(await outstanding({ ...parties, application })), ...untold(gates[direction.from])]
        : undefined,
    wayBack: await nextStream(parties),
    readers: readersAfter(results),
    byHand: application.secret === undefined ? `Point the application at ${host}:${port}/${database}.` : undefined,
  };
}

async function act(direction: Direction, ctx: Acting<Needs>, { gates, left }: Seen): Promise<void> {
  const attempt = switchOf(direction, ctx);
  if (left) return complete(attempt);
  const gate = gates[direction.from];
  if (gate?.state === 'fenced') {
    const { interrupted: found } = await lookForInterrupted(ctx);
    if (found?.committed) return complete(attempt, found.turn);
    if ((await abortSwitch(attempt)).committed) return complete(attempt);
  }
  await tell(attempt, 'failed'); // also of an earlier attempt, whose own call did not succeed
  if (gate?.state === 'fenced' && gate.execution === ctx.execution) throw interrupted(direction);
  await performSwitch(attempt);
}

function evidence(direction: Direction, { gates, left, wayBack, readers, byHand }: Seen): Json {
  const gate = gates[direction.from];
  return {
    serving: servingSide(gates),
    committedAt: left ? (gate?.changedAt.toISOString() ?? null) : null,
    ...(left && typeof gate?.report === 'object' ? gate.report : {}),
    left: [...(left ?? [])],
    wayBack: WAY_BACK[wayBack](direction),
    ...(readers === undefined ? {} : { readers }),
    ...(byHand === undefined ? {} : { byHand }),
  };
}

const WAY_BACK: Record<Seen['wayBack'], (direction: Direction) => string> = {
  there: ({ to }) => `Every change made at the ${to} from now on flows back, so it is possible to go back without losing any.`,
  lost: ({ from, to }) =>
    `The slot of the stream back is gone from the ${to}, which switched over or failed over meanwhile: going back to the ${from} would lose ` +
    'whatever is written from now on. End with Cleanup.',
  none: ({ from }) => `There is no stream back: going back to the ${from} would lose whatever is written from now on.`,
};

const interrupted = ({ from }: Direction): SwitchFailed =>
  new SwitchFailed(
    `The function was interrupted while the ${from} was fenced. Nothing was switched: the fence was lifted with the settings that were ` +
      `there before, and the application goes on at the ${from}. Start the machine again.`,
  );
