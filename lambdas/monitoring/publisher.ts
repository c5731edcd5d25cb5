/** Metrics of the publisher: the lag of the subscriber, and the WAL and transaction ids that the stream holds back. */
import { REPLICATION_ROLE, type StreamName } from '../config/names.ts';
import type { Reader } from '../ports/database.ts';
import { ownSlots, slotState, walPosition } from '../replication/slots.sql.ts';
import { subscribers, subscribersExist } from '../state/subscribers.sql.ts';
import { bytesOf, type MetricHistory } from './history.ts';
import { awaitConfirmation, milliseconds } from './lag.ts';
import { flag, type Measures } from './metrics.ts';
import { databaseSize, type Pressure, pressure } from './stream-health.sql.ts';

/** @param name of the stream's slot */
export async function watchPublisher(
  publisher: Reader,
  stream: StreamName,
  name: string,
  memory: MetricHistory,
  now: number,
): Promise<Measures> {
  const [slot] = await publisher.query(slotState(name));
  if (!slot) return {};
  const [noted] = await publisher.query(subscribersExist());
  const slots = await publisher.query(ownSlots(name, noted?.exists ? await publisher.query(subscribers()) : []));
  const [held] = await publisher.query(
    pressure(
      slots.map((own) => own.name),
      REPLICATION_ROLE,
    ),
  );
  const [end] = await publisher.query(walPosition());
  const waited = slot.active && !slot.lost ? await awaitConfirmation(publisher, name) : undefined;
  const lag = waited ?? (slot.confirmed === null ? undefined : milliseconds(slot.confirmed, memory, now));
  if (end && held && held.keptBytes !== null) memory.keep({ at: now, position: bytesOf(end.position), keptBytes: held.keptBytes });
  const hours = held && (await hoursLeft(publisher, stream, held, memory));
  return {
    SlotActive: flag(slot.active),
    ...(slot.lost && { HistoryBroken: 1 }),
    ...(slot.lagBytes !== null && { LagBytes: slot.lagBytes }),
    ...(lag !== undefined && { LagMilliseconds: Math.round(lag) }),
    ...(held && held.keptBytes !== null && { WalKeptBytes: held.keptBytes }),
    ...(held && held.transactionIds !== null && { TransactionIdAge: held.transactionIds }),
    ...(hours !== undefined && { WalHoursLeft: hours }),
  };
}

const MOST_HOURS = 30 * 24;
/**
 * Aurora's volume grows by itself, up to this size on every version
 * (https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Overview.StorageReliability.html): without a limit the wall
 * that is hit first is the bill. The disk size of PlanetScale is unknown, so there only a limit counts.
 */
const AURORA_VOLUME_BYTES = 128 * 1024 ** 4;

async function hoursLeft(
  publisher: Reader,
  stream: StreamName,
  { leftBytes }: Pressure,
  memory: MetricHistory,
): Promise<number | undefined> {
  const growth = memory.growthPerHour();
  if (growth === undefined) return undefined;
  const left = leftBytes ?? (stream === 'forward' ? AURORA_VOLUME_BYTES - (await sizeOf(publisher)) : undefined);
  if (left === undefined) return undefined;
  return growth <= 0 ? MOST_HOURS : Math.min(MOST_HOURS, left / growth);
}

async function sizeOf(side: Reader): Promise<number> {
  return (await side.query(databaseSize()))[0]?.bytes ?? 0;
}
