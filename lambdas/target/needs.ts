/** What the work needs of the target's settings, from what is at hand: the tables, the workers, what others use, the memory of the size. */
import { connectionsFor } from '../copy/workers.ts';
import { FAILOVER_SLOTS_SINCE } from '../replication/slots.sql.ts';
import type { TargetServer } from './server.ts';
import * as known from './settings.ts';
import { suffices } from './values.ts';
import type { Work } from './work.ts';

/** What one setting has to have. Values are as pg_settings has them. */
export interface SettingNeed {
  readonly name: known.SettingName;
  /** Below it the migration cannot run. @default - it runs with any */
  readonly least?: string;
  /** With it nothing is lacking. */
  readonly enough: string;
  /** The value to set where there is less. */
  readonly to: string;
  /** As the rest of a sentence that begins with "for". */
  readonly why: string;
}

/** What is known where needs are computed. */
export interface Circumstances {
  readonly work: Work;
  /** Major version of the target. */
  readonly version: number;
  /** As pg_settings has them, or as the API says where there is no login. */
  readonly settings: ReadonlyMap<string, string>;
  /** Undefined where there is no login. */
  readonly use: TargetServer['use'] | undefined;
  /** Bytes that the disk has at least, or is to have; undefined where nobody says. */
  readonly diskBytes: number | undefined;
  /** Whether the copy has begun: what would have made it faster is no need any more. */
  readonly hasBegun: boolean;
}

const BLOCK = 8_192;
const GIBIBYTE = 1024 ** 3;
const MEBIBYTE = 1024 ** 2;
/** PlanetScale gives a quarter of a size's memory to shared_buffers. */
const SHARED_BUFFERS_OF_MEMORY = 4;
/** Memory that one copy of a table, with its share of the processor, is counted at. */
const MEMORY_OF_A_COPY = GIBIBYTE;
const MEMORY_OF_A_CONNECTION = 8 * MEBIBYTE;
/** PostgreSQL's default, below which nothing is ever asked for. */
const DEFAULT_SYNC = 2;
/** Half of what the guide's 150 % leave free. */
const SHARE_FOR_WAL = 1 / 6;
const ASKED_FOR_NOTHING = { subscriptions: 0, workers: 0, slots: 0, senders: 0, otherBytes: 0, sessions: undefined };

/** Bytes of memory that the size has; undefined where it is not known. */
function memoryOf(settings: Circumstances['settings']): number | undefined {
  const blocks = Number(settings.get('shared_buffers'));
  return blocks > 0 ? blocks * BLOCK * SHARED_BUFFERS_OF_MEMORY : undefined;
}

const numberIn = (settings: Circumstances['settings'], name: known.SettingName, otherwise: number): number =>
  Number(settings.get(name) ?? otherwise);

/** Tables that are copied at a time: as many as there are, as the source can send, and as the size has memory for. */
function copiesAtOnce({ work, settings }: Circumstances): number {
  if (work.way === 'parts') return DEFAULT_SYNC;
  const byMemory = Math.floor((memoryOf(settings) ?? 0) / MEMORY_OF_A_COPY);
  return Math.max(DEFAULT_SYNC, Math.min(work.tables, work.sentAtOnce, byMemory));
}

const need = (name: known.SettingName, why: string, enough: number, least?: number): SettingNeed => ({
  name,
  why,
  enough: String(enough),
  to: String(enough),
  ...(least !== undefined && { least: String(least) }),
});
const exactly = (name: known.SettingName, value: string, why: string, isRequired = false): SettingNeed => ({
  name,
  why,
  enough: value,
  to: value,
  ...(isRequired && { least: value }),
});

/** Workers and origins, for the subscription to the source. */
function ofSubscribing(at: Circumstances): SettingNeed[] {
  const { work, version, settings, use = ASKED_FOR_NOTHING } = at;
  const copying = copiesAtOnce(at);
  const applyingAhead = work.appliesInParallel ? numberIn(settings, 'max_parallel_apply_workers_per_subscription', 2) : 0;
  const logical = 1 + copying + applyingAhead + use.subscriptions;
  const building = work.indexWorkers * numberIn(settings, 'max_parallel_maintenance_workers', 2);
  const processes = known.LAUNCHER + logical + use.workers + building;
  const least = known.LEAST_WORKERS + use.subscriptions;
  const copies = `${copying} tables that are copied at a time`;
  return [
    need('max_sync_workers_per_subscription', copies, copying, 1),
    need('max_logical_replication_workers', `${copies} and the changes`, logical, least),
    need(
      'max_worker_processes',
      `${logical} workers of replication, and ${work.indexWorkers} index builds at a time`,
      Math.max(known.WORKERS_OF_THE_GUIDE, processes),
      known.LAUNCHER + least + use.workers,
    ),
    need(known.originSetting(version), `${copies} and the changes`, 1 + copying + use.subscriptions, least),
  ];
}

/** For the stream back, which the target sends. */
function ofSending({ work, version, use = ASKED_FOR_NOTHING, diskBytes }: Circumstances): SettingNeed[] {
  if (!work.hasWayBack) return [];
  const why = 'the stream back after a switch';
  const forWal = Math.floor(((diskBytes ?? 0) * SHARE_FOR_WAL) / MEBIBYTE);
  return [
    exactly('wal_level', 'logical', why, true),
    need('max_replication_slots', why, use.slots + 1, use.slots + 1),
    need('max_wal_senders', why, use.senders + 1, use.senders + 1),
    ...(version < FAILOVER_SLOTS_SINCE
      ? []
      : (['sync_replication_slots', 'hot_standby_feedback'] as const).map((name) =>
          exactly(name, 'on', 'the slot of the stream back, which is to survive a switchover'),
        )),
    ...(forWal > known.LITTLE_WAL_MB ? [{ ...need('max_slot_wal_keep_size', why, known.LITTLE_WAL_MB + 1), to: String(forWal) }] : []),
  ];
}

/** Connections, for the steps and for the workers of a copy in parts. */
function ofConnecting({ work, settings, use }: Circumstances): SettingNeed[] {
  const sessions = use?.sessions;
  if (!sessions) return [];
  const least = sessions.reserved + known.STEP_CONNECTIONS + work.indexWorkers;
  const wanted = work.copyWorkers > 0 ? connectionsFor(work.copyWorkers, sessions, work.indexWorkers) : least;
  const byMemory = Math.floor((memoryOf(settings) ?? 0) / MEMORY_OF_A_CONNECTION);
  const enough = Math.max(least, Math.min(wanted, byMemory));
  const why = work.copyWorkers > 0 ? `${work.copyWorkers} workers of the copy, and the steps` : 'the steps';
  return [need('max_connections', why, enough, least)];
}

/** Two needs of one setting → the greater of each. */
function joined(one: SettingNeed, other: SettingNeed): SettingNeed {
  const greater = (a: string, b: string): string => (suffices(known.KINDS[one.name], a, b) ? a : b);
  const leasts = [one.least, other.least].filter((least) => least !== undefined);
  return {
    name: one.name,
    why: one.why === other.why ? one.why : `${one.why}, and ${other.why}`,
    enough: greater(one.enough, other.enough),
    to: greater(one.to, other.to),
    ...(leasts.length > 0 && { least: leasts.reduce(greater) }),
  };
}

const onlyLeast = (need: SettingNeed): SettingNeed[] => (need.least === undefined ? [] : [{ ...need, enough: need.least, to: need.to }]);

/** Every need, one a setting. */
export function needsOf(at: Circumstances): SettingNeed[] {
  const all = new Map<string, SettingNeed>();
  const ofCopying = [...ofConnecting(at), ...ofSubscribing(at)];
  for (const one of [...(at.hasBegun ? ofCopying.flatMap(onlyLeast) : ofCopying), ...ofSending(at)]) {
    const before = all.get(one.name);
    all.set(one.name, before ? joined(before, one) : one);
  }
  return [...all.values()];
}

/** Bytes that the disk should have: 150 % of what is copied, and what other databases have there already. */
export const diskFor = ({
  work,
  use,
}: {
  readonly work: Pick<Work, 'bytes'>;
  readonly use: Pick<TargetServer['use'], 'otherBytes'> | undefined;
}): number => Math.ceil((work.bytes * known.SHARE_OF_SOURCE + (use?.otherBytes ?? 0)) / GIBIBYTE) * GIBIBYTE;
