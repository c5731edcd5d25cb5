/**
 * What happens between the fence and the switch, in this order, over connections that are open. Each part can be read alone; everything
 * that could be done before, or can be done after, is elsewhere.
 */
import { SwitchFailed } from '../config/errors.ts';
import type { Json } from '../config/json.ts';
import { createSlot } from '../replication/slots.sql.ts';
import { holdSubscription } from '../replication/subscriptions.sql.ts';
import { type Positions, readPositions, setExactly } from '../sequences/exact.ts';
import { commitGate, noteTold, openGate } from '../state/gates.sql.ts';
import type { Connections } from './connections.ts';
import type { SwitchContext } from './context.ts';
import type { Deadline } from './deadline.ts';
import { armDeadMan, endEverybody, raiseFence } from './fence.ts';
import { endingLockHolders } from './locks.ts';
import { bringEverythingOver } from './marker.ts';
import type { Prepared } from './prepare.ts';
import type { Timings } from './timing.ts';
import { compareUnderFence } from './verify.ts';
import type { Confirmed } from './waits.sql.ts';
import { demandSameWalsender } from './walsender.ts';

/** What was proved before the commit. */
export interface Proof {
  readonly [key: string]: Json;
  /** Token of the marker that arrived, and where the WAL of the side being left ended behind it. */
  readonly marker: string;
  readonly position: string;
  readonly sequences: number;
  /** Rows that were compared under the fence; null where nobody asked for it. */
  readonly rowsCompared: number | null;
}

/** @throws whatever failed; nothing is committed unless `onCommit` was called */
export async function switchUnderFence(
  ctx: SwitchContext,
  { line: bare, sequences, sender, held, survives, seen, turn }: Prepared,
  {
    attempt,
    meter,
    deadline,
    onCommit,
  }: { readonly attempt: string; readonly meter: Timings; readonly deadline: Deadline; onCommit(proof: Proof): void },
): Promise<void> {
  const { direction, input, execution } = ctx;
  const line: Pick<Connections, 'from' | 'to'> = {
    from: meter.counted(bare.from, direction.from),
    to: meter.counted(bare.to, direction.to),
  };
  const fence = { seen, turn, execution, attempt, seconds: input.fenceSeconds };

  await meter.part('fence', async () => {
    armDeadMan(bare.deadMan, fence);
    await raiseFence(ctx.from, line.from, fence);
    await endEverybody(line.from, deadline.remainingMs, ctx);
  });

  let positions: Positions | undefined;
  const meanwhile = async () => {
    positions = await readPositions(line.from, sequences);
  };
  // A comparison under the fence says by itself whether anything is missing.
  const unbroken = input.verify === 'fence' ? {} : { demandUnbroken: (found: Confirmed) => demandSameWalsender(direction, sender, found) };
  const marker = { token: `switch ${attempt}`, meanwhile, ...unbroken };
  const confirmed = await meter.part('convergence', () => bringEverythingOver(line, ctx.current, marker, deadline));

  await meter.part('sequences', async () => {
    if (positions) await setExactly(line.to, sequences, positions);
  });

  const compared = input.verify === 'fence' ? await meter.part('verify', () => compareUnderFence(ctx, deadline)) : undefined;

  await meter.part('reverse', async () => {
    await line.to.query(holdSubscription(ctx.current, held));
    if (input.reverse) await line.to.query(createSlot(ctx.next, survives));
  });

  await meter.part('switch', async () => {
    if (ctx.hook.configured) {
      await line.from.query(noteTold(turn, 'before'));
      await ctx.hook.call('before', direction.to, execution);
    }
    const [committed] = await line.from.query(commitGate(attempt));
    if (!committed) throw new SwitchFailed('The time of the fence was over, or somebody lifted it, before the switch could be committed.');
    onCommit({
      marker: `switch ${attempt}`,
      position: confirmed.position,
      sequences: sequences.count,
      rowsCompared: compared?.rows ?? null,
    });
    await endingLockHolders(ctx.to, line.to.query(openGate(turn)));
    await ctx.application.pointAt(direction.to);
  });
}
