/**
 * What happens between the fence and the switch, from top to bottom as it happens, over connections that are open. Each part can be read
 * alone; everything that could be done before, or can be done after, is elsewhere.
 */
import { advance, finish, nextTable, type Progress, resume, within } from '../comparison/progress.ts';
import { differenceMessage } from '../comparison/report.ts';
import { openSides } from '../comparison/sides.ts';
import { passingSmall } from '../comparison/small.ts';
import { compareNextPart } from '../comparison/table.ts';
import { CUTOVER, type Direction } from '../config/direction.ts';
import { SwitchFailed } from '../config/errors.ts';
import type { Json } from '../config/json.ts';
import type { Session } from '../ports/database.ts';
import { publishedTables } from '../postgres/tables.sql.ts';
import { createSlot } from '../replication/slots.sql.ts';
import { holdSubscription } from '../replication/subscriptions.sql.ts';
import { type Positions, readPositions, type SequencePlan, setExactly } from '../sequences/exact.ts';
import { commitGate, type Fence, noteTold, openGate } from '../state/gates.sql.ts';
import { writeHeartbeat } from '../state/heartbeat.sql.ts';
import type { Connections } from './connections.ts';
import type { SwitchContext } from './context.ts';
import { armDeadMan, endClientSessions, raiseFence } from './fence.ts';
import { endingLockHolders } from './sessions.ts';
import type { Deadline, Timings } from './timing.ts';
import { awaitConfirmed, awaitHeartbeat, type Confirmed } from './waits.sql.ts';

/** What the preparation hands over (`prepare.ts`). */
export interface Prepared {
  readonly connections: Connections;
  readonly sequences: SequencePlan;
  /** Identity of the walsender that reads the current slot. */
  readonly walsender: string;
  /** Note of the current subscription once the switch has disabled it. */
  readonly held: string;
  /** Whether the slot of the next stream is to survive a switchover of its server. */
  readonly survives: boolean;
  /** What the gate of the side being left said, and the number that this switch will be. */
  readonly seen: Fence['seen'];
  readonly epoch: number;
}

/** What was proved before the commit. */
export interface Proof {
  readonly [key: string]: Json;
  /** Token of the marker that arrived, and where the WAL of the side being left ended behind it. */
  readonly marker: string;
  readonly position: string;
  readonly sequences: number;
  /** Rows that were compared under the fence; null where the input does not ask for it. */
  readonly rowsCompared: number | null;
}

/** @throws whatever failed; nothing is committed unless `onCommit` was called */
export async function switchUnderFence(
  ctx: SwitchContext,
  { connections: bare, sequences, walsender, held, survives, seen, epoch }: Prepared,
  {
    attempt,
    timings,
    deadline,
    onCommit,
  }: { readonly attempt: string; readonly timings: Timings; readonly deadline: Deadline; onCommit(proof: Proof): void },
): Promise<void> {
  const { direction, input, execution } = ctx;
  const connections: Pick<Connections, 'from' | 'to'> = {
    from: timings.counted(bare.from, direction.from),
    to: timings.counted(bare.to, direction.to),
  };
  const fence = { seen, epoch, execution, attempt, seconds: input.fenceSeconds };

  await timings.part('fence', async () => {
    armDeadMan(bare.deadMan, fence);
    await raiseFence(ctx.from, connections.from, fence);
    await endClientSessions(connections.from, deadline.remainingMs, ctx);
  });

  let positions: Positions | undefined;
  const meanwhile = async () => {
    positions = await readPositions(connections.from, sequences);
  };
  // A comparison under the fence says by itself whether anything is missing.
  const unbroken =
    input.verify === 'fence' ? {} : { demandUnbroken: (found: Confirmed) => demandSameWalsender(direction, walsender, found) };
  const marker = { token: `switch ${attempt}`, meanwhile, ...unbroken };
  const confirmed = await timings.part('convergence', () => bringEverythingOver(connections, ctx.current, marker, deadline));

  await timings.part('sequences', async () => {
    if (positions) await setExactly(connections.to, sequences, positions);
  });

  const compared = input.verify === 'fence' ? await timings.part('verify', () => compareUnderFence(ctx, deadline)) : undefined;

  await timings.part('reverse', async () => {
    await connections.to.query(holdSubscription(ctx.current, held));
    if (input.reverse) await connections.to.query(createSlot(ctx.next, survives));
  });

  await timings.part('switch', async () => {
    if (ctx.hook.configured) {
      await connections.from.query(noteTold(epoch, 'before'));
      await ctx.hook.call('before', direction.to, execution);
    }
    const [committed] = await connections.from.query(commitGate(attempt));
    if (!committed)
      throw new SwitchFailed('The time of the fence was over, or another session lifted it, before the switch could be committed.');
    onCommit({
      marker: `switch ${attempt}`,
      position: confirmed.position,
      sequences: sequences.count,
      rowsCompared: compared?.rows ?? null,
    });
    await endingLockHolders(ctx.to, connections.to.query(openGate(epoch)));
    await ctx.application.pointAt(direction.to);
  });
}

/** What is left of the time for telling that it was too short. */
const ANSWERING_MS = 250;

/** The heartbeat marker, and what goes with it. */
interface Marker {
  readonly token: string;
  /** Done on the side being left, while the marker is on its way. */
  readonly meanwhile?: () => Promise<void>;
  /** Throws where the stream that was waited for is not the one it was; then nothing more is waited for. Any stream will do unless told. */
  readonly demandUnbroken?: (confirmed: Confirmed) => void;
}

/**
 * The proof that everything arrived: a marker written behind the last change, seen on the other side, and confirmed to be stored there.
 * @throws SwitchFailed where it did not arrive in time, and what `demandUnbroken` throws
 */
export async function bringEverythingOver(
  { from, to }: { readonly from: Session; readonly to: Session },
  slot: string,
  { token, meanwhile, demandUnbroken }: Marker,
  deadline: Deadline,
): Promise<Confirmed> {
  const timeoutMs = () => Math.max(0, deadline.remainingMs - ANSWERING_MS);
  const confirmation = async (): Promise<Confirmed | undefined> => {
    await meanwhile?.();
    const [confirmed] = await from.query(awaitConfirmed(slot, timeoutMs(), demandUnbroken !== undefined));
    if (confirmed) demandUnbroken?.(confirmed);
    return confirmed;
  };
  await from.query(writeHeartbeat(token));
  const [[heartbeat], confirmed] = await Promise.all([to.query(awaitHeartbeat(token, timeoutMs())), confirmation()]);
  if (!heartbeat?.arrived || !confirmed?.confirmed) {
    const missing = heartbeat?.arrived ? 'was not confirmed to be stored there' : 'did not arrive';
    throw new SwitchFailed(
      `A marker that was written behind the last change ${missing} in time. See whether the subscription ${slot} is running and how far it ` +
        'lags behind; the log of the server that it runs on names what stops it.',
    );
  }
  return confirmed;
}

/** @throws SwitchFailed where another process reads the slot by now (`replication/walsender.ts`) */
function demandSameWalsender(direction: Direction, before: string, { sender }: Confirmed): void {
  if (sender === before) return;
  throw new SwitchFailed(
    'The stream was interrupted while the switch was under way, so it cannot be told whether everything arrived; the log of the ' +
      `${direction.to} names what stopped it. ${startAgain(direction)}`,
  );
}

export const startAgain = (direction: Direction): string =>
  direction === CUTOVER
    ? 'Start again: the data are compared once more.'
    : 'Start again with "verify": "fence", which compares every row before it switches.';

/**
 * `"verify": "fence"`: every row compared once more while nothing moves on either side.
 * @throws SwitchFailed where rows differ, or where the time of the fence does not suffice
 */
async function compareUnderFence(ctx: SwitchContext, deadline: Deadline): Promise<Progress> {
  const { direction, input } = ctx;
  const comparison = { source: ctx.comparison[direction.from], target: ctx.comparison[direction.to] };
  const sides = await openSides({ comparison, remainingMs: () => deadline.remainingMs });
  const tables = await comparison.source.query(publishedTables(input));
  const passSmall = passingSmall(sides, tables);
  for (let progress = resume(undefined); ; ) {
    const table = nextTable(tables, progress.cursor);
    if (!table) return proved(finish(progress));
    if (deadline.remainingMs === 0) {
      throw new SwitchFailed(
        `The time of the fence was over when ${progress.tables} of ${tables.length} tables were compared. ` +
          'Give it more with fenceSeconds, or leave out "verify": "fence".',
      );
    }
    const passed = await passSmall(progress);
    if (passed !== progress) {
      progress = passed;
      continue;
    }
    const part = await compareNextPart(sides, table, within(progress, table));
    if (part) progress = advance(progress, table, part);
  }
}

function proved(progress: Progress): Progress {
  if (progress.different.length > 0) throw new SwitchFailed(differenceMessage(progress));
  return progress;
}
