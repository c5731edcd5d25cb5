/** Room for a stream on the server that sends it: wal_level, a slot and a sender. */
import type { SideName } from '../../config/side-name.ts';
import type { Reader } from '../../ports/database.ts';
import { replicationUse } from './servers.sql.ts';
import { numberOf, type Values, valuesOf } from './settings.ts';

export interface Bound {
  readonly setting: string;
  readonly used: number | undefined;
}

/** Settings with no free slot or sender left; an unknown number counts as not enough. */
export const full = (side: SideName, values: Values, bounds: readonly Bound[]): string[] =>
  bounds
    .filter(({ setting, used }) => !(used !== undefined && numberOf(values, setting) - used >= 1))
    .map(({ setting, used }) => `${side}: ${setting} = ${values.get(setting) ?? 'unknown'}, ${used ?? 'unknown'} in use`);

export interface PublisherRoom {
  /** The setting, where WAL is not decoded logically. */
  readonly walLevel: readonly string[];
  readonly full: readonly string[];
}

/** Settings that bound it. */
export const PUBLISHER_SETTINGS = ['wal_level', 'max_replication_slots', 'max_wal_senders'] as const;

/**
 * @param slot of the stream, which is not counted where it is there already
 * @param settings those that will be in force. @default - those that are
 */
export async function publisherRoomOn(side: SideName, reader: Reader, slot: string, settings?: Values): Promise<PublisherRoom> {
  const values = settings ?? (await valuesOf(reader, PUBLISHER_SETTINGS));
  const [use] = await reader.query(replicationUse(slot));
  const bounds = [
    { setting: 'max_replication_slots', used: use?.slots },
    { setting: 'max_wal_senders', used: use?.senders },
  ];
  return {
    walLevel: values.get('wal_level') === 'logical' ? [] : [`${side}: wal_level = ${values.get('wal_level')}`],
    full: full(side, values, bounds),
  };
}
