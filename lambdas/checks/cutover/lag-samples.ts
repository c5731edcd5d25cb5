/** The samples of the lag before a switch. */
import type { Direction } from '../../config/direction.ts';
import type { Acting } from '../../engine/contract.ts';
import type { Reader } from '../../ports/database.ts';
import { GOOD_SAMPLES_NEEDED, markerAfter, SAMPLE_TIMEOUT_MS } from '../../replication/lag-samples.ts';
import { type Arrival, awaitArrival, type Marker, markersOf, writeMarker } from '../../replication/marker.ts';
import { servingSide } from '../../state/gates.ts';
import { heartbeatExists } from '../../state/heartbeat.sql.ts';
import { loadSwitchContext, type Needs, type SwitchCheckContext } from './context.ts';
import { streamTrouble } from './stream.ts';

/** After so many samples without enough good ones the stream is too far behind to be switched. */
const MOST_SAMPLES = 8;

/** Writer of our markers, which tells them from those of other steps of the same execution. */
export const samplerOf = (execution: string): string => `${execution}:check`;

/** The samples of this execution so far. */
export interface LagSamples {
  readonly newest: Marker | undefined;
  /** Whether enough of them in a row were good. */
  readonly good: boolean;
  /** Whether there are more to be taken. */
  readonly outstanding: boolean;
}

const NONE: LagSamples = { newest: undefined, good: false, outstanding: false };

/** Nothing is outstanding where no marker could travel: then the other checks say why. */
export async function lagSamplesOf(ctx: SwitchCheckContext): Promise<LagSamples> {
  const { from, to, direction, gates, execution } = ctx;
  if (servingSide(gates) !== direction.from || (gates[direction.from]?.state ?? 'open') !== 'open') return NONE;
  if (streamTrouble(ctx).length > 0 || !(await hasHeartbeat(from.reader)) || !(await hasHeartbeat(to.reader))) return NONE;
  const markers = await markersOf(from.reader, samplerOf(execution));
  const newest = markers.at(-1);
  const good = markers.some(({ streakBefore }) => streakBefore >= GOOD_SAMPLES_NEEDED);
  return { newest, good, outstanding: !good && (newest?.look ?? 0) < MOST_SAMPLES };
}

const hasHeartbeat = async (side: Reader): Promise<boolean> => (await side.query(heartbeatExists()))[0]?.exists === true;

/** Takes samples until enough of them in a row were good, or there were too many. */
export async function takeLagSamples(direction: Direction, ctx: Acting<Needs>): Promise<void> {
  const { execution, input } = ctx;
  const context = await loadSwitchContext(direction, ctx);
  const [from, to] = direction.from === 'source' ? [ctx.source, ctx.target] : [ctx.target, ctx.source];
  const sampler = samplerOf(execution);
  const { newest } = await lagSamplesOf(context);
  let marker: Marker = { look: (newest?.look ?? 0) + 1, streakBefore: 0 };
  for (;;) {
    await writeMarker(from, sampler, marker);
    // The last one only says how the others were.
    if (marker.streakBefore >= GOOD_SAMPLES_NEEDED || marker.look >= MOST_SAMPLES) return;
    const arrival = await awaitArrival(from, to, context.current, sampler, marker, SAMPLE_TIMEOUT_MS);
    marker = markerAfter(marker, arrival, input);
  }
}

/** One more sample, of the newest marker. */
export const sampleAgain = ({ from, to, current, execution }: SwitchCheckContext, newest: Marker): Promise<Arrival> =>
  awaitArrival(from.reader, to.reader, current, samplerOf(execution), newest, SAMPLE_TIMEOUT_MS);
