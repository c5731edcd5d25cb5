/** One run of the watch. It only reads, and a side that is out of reach does not keep it from reading the other. */
import { type StreamName, subscriptionName } from '../config/names.ts';
import type { Reader } from '../ports/database.ts';
import type { Need } from '../ports/ports.ts';
import { SIDES_OF } from '../replication/history.ts';
import type { Gate } from '../state/gates.sql.ts';
import { gateOf, servingSide } from '../state/gates.ts';
import { watchBoth } from './both.ts';
import type { MetricHistory } from './history.ts';
import { CONFIRMATION_TIMEOUT_MS } from './lag.ts';
import { flag, type Measures } from './metrics.ts';
import { watchParts } from './parts.ts';
import { watchPublisher } from './publisher.ts';
import { databaseSize, subscriberHealth } from './stream-health.sql.ts';
import { watchSubscriber, whyDisabled } from './subscriber.ts';

/** Needs of the watch; its rights, network and environment follow from them as those of a step do. */
export const WATCH_NEEDS = ['executions', 'source', 'target'] as const satisfies readonly Need[];

export interface Watched {
  readonly source: Reader;
  readonly target: Reader;
}

export interface Snapshot {
  readonly stream: StreamName;
  /** Empty where no artifact of ours exists. */
  readonly measures: Measures;
  /** Log messages for the operator who follows an alarm. */
  readonly notices: readonly string[];
  /** Errors that left the run incomplete. */
  readonly failures: readonly unknown[];
}

/** What is read from one side. */
interface Side {
  readonly reader: Reader;
  readonly gate: Gate | undefined;
}
type Sides = Partial<Record<keyof Watched, Side>>;

/** @param replicated whether the latest execution of `Replicate` has succeeded @param now milliseconds since 1970 */
export async function collectMetrics(watched: Watched, memory: MetricHistory, replicated: boolean, now = Date.now()): Promise<Snapshot> {
  const failures: unknown[] = [];
  const tried = async <Result>(look: () => Promise<Result>): Promise<Result | undefined> => {
    try {
      return await look();
    } catch (error) {
      failures.push(error);
      return undefined;
    }
  };
  const sideOf = (reader: Reader) => tried(async (): Promise<Side> => ({ reader, gate: await gateOf(reader) }));
  const [source, target] = await Promise.all([sideOf(watched.source), sideOf(watched.target)]);
  const sides: Sides = { ...(source && { source }), ...(target && { target }) };
  const sourceDatabase = watched.source.endpoint.database;
  const stream = (await tried(() => currentStream(sides, sourceDatabase))) ?? 'forward';
  memory.turnTo(stream);
  const name = subscriptionName(sourceDatabase, stream);
  const publisher = sides[SIDES_OF[stream].publisher]?.reader;
  const subscriber = sides[SIDES_OF[stream].subscriber]?.reader;
  const parts = target && stream === 'forward' ? await tried(() => watchParts(target.reader, memory, now)) : undefined;
  const measures: Measures = {
    ...(publisher && (await tried(() => watchPublisher(publisher, stream, name, memory, now)))),
    ...(subscriber && (await tried(() => watchSubscriber(subscriber, name, memory)))),
    ...(publisher && subscriber && (await tried(() => watchBoth(publisher, subscriber, stream, sourceDatabase, memory, now)))),
    ...parts,
  };
  if (Object.keys(measures).length === 0 && !source?.gate && !target?.gate) return { stream, measures: {}, notices: [], failures };
  const isStopped = subscriber !== undefined && measures.SubscriptionRunning === 0;
  const notices = (isStopped && (await tried(() => whyDisabled(subscriber, SIDES_OF[stream].subscriber, name)))) || [];
  const whole = { ...measures, ...servingMeasures(sides, now), ...(target && (await tried(() => sizeOf(target.reader)))) };
  return { stream, measures: { ...whole, ReadyToCutOver: flag(replicated && stream === 'forward' && isReady(whole)) }, notices, failures };
}

/** The current stream by both gates; where one side is out of reach, by the other side alone. */
async function currentStream({ source, target }: Sides, sourceDatabase: string): Promise<StreamName> {
  if (source && target) return servingSide({ source: source.gate, target: target.gate }) === 'target' ? 'reverse' : 'forward';
  if (source) return servingSide({ source: source.gate, target: undefined }) === 'target' ? 'reverse' : 'forward';
  if (!target) return 'forward';
  const [forward] = await target.reader.query(subscriberHealth(subscriptionName(sourceDatabase)));
  return forward || !target.gate ? 'forward' : 'reverse';
}

/** A side that serves and is not open takes no writes: it is fenced, or a switch to it was committed and has not opened it yet. */
function servingMeasures({ source, target }: Sides, now: number): Measures {
  if (!source || !target) {
    const gate = (source ?? target)?.gate;
    return gate?.state === 'fenced' ? { FenceHeldSeconds: secondsSince(gate, now) } : {};
  }
  const gates = { source: source.gate, target: target.gate };
  const serving = servingSide(gates);
  const held = (gates[serving]?.state ?? 'open') !== 'open';
  const seconds = Object.values(gates).map((gate) => (gate ? secondsSince(gate, now) : Number.POSITIVE_INFINITY));
  return { ServingTarget: flag(serving === 'target'), FenceHeldSeconds: held ? Math.min(...seconds) : 0 };
}

const secondsSince = ({ changedAt }: Gate, now: number): number => Math.max(0, (now - changedAt.getTime()) / 1000);

async function sizeOf(target: Reader): Promise<Measures> {
  const [size] = await target.query(databaseSize());
  return size ? { TargetBytes: size.bytes } : {};
}

/** An unknown value counts as not ready. */
const isReady = (seen: Measures): boolean =>
  seen.CopyPercent === 100 &&
  seen.TablesReady === seen.Tables &&
  seen.SubscriptionRunning === 1 &&
  seen.SlotActive === 1 &&
  seen.HistoryBroken === 0 &&
  seen.HeartbeatGaps === 0 &&
  (seen.LagMilliseconds ?? CONFIRMATION_TIMEOUT_MS) < CONFIRMATION_TIMEOUT_MS &&
  (seen.ApplyErrors ?? 0) === 0 &&
  seen.FenceHeldSeconds === 0;
