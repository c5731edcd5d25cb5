/**
 * The plan of a copy in parts, on the target: that there is one, what it is read from, and how many workers may work. Where this table is not
 * there, rows are copied by the subscription. It is made with the schema, since a copy in parts leaves the keys for later.
 */
import type { Statement } from '../ports/database.ts';
import { bound, statement } from '../postgres/quote.ts';
import { closed } from './closed.sql.ts';
import { tableExists } from './exists.sql.ts';
import { OWN_TABLES } from './tables.ts';

const { name: NAME, table: TABLE } = OWN_TABLES.copyPlan;

/** `seed` says what the parts are read from, once it is made; `finished_at` that nothing is left to be copied in parts. */
export const createCopyPlan = (): Statement =>
  closed(
    NAME,
    `
create table ${TABLE} (
  only_row boolean primary key default true check (only_row),
  part_bytes int8 not null,
  workers int not null,
  seed jsonb,
  listed_at timestamptz,
  finished_at timestamptz
)
`,
  );

/** What the parts are read from: a snapshot of the source that a session there holds. */
export interface Seed {
  /** Name for SET TRANSACTION SNAPSHOT. */
  readonly snapshot: string;
  /** Process on the source that holds it, and its application name, which no other has. */
  readonly holder: number;
  readonly holderName: string;
  /** Incarnation of the slot whose changes follow it; see `state/slot-incarnations.sql.ts`. */
  readonly incarnation: string;
}

export interface CopyPlanState {
  readonly partBytes: number;
  /** Workers that may work; 0 is a pause. */
  readonly workers: number;
  /** Null before it is made. */
  readonly seed: Seed | null;
  readonly finished: boolean;
  /** When the parts were listed, in milliseconds since 1970; null before. */
  readonly listedAt: number | null;
}

export const copyPlanExists = () => tableExists(OWN_TABLES.copyPlan);

export const recordCopyPlan = (partBytes: number, workers: number): Statement =>
  statement(`insert into ${TABLE} (part_bytes, workers) values ($1::int8, $2::int)`, [partBytes, workers]);

/** To be asked only where {@link copyPlanExists}. */
export const copyPlan = (): Statement<CopyPlanState> =>
  statement(`
select part_bytes::float8 as "partBytes", workers, seed, finished_at is not null as finished,
  (extract(epoch from listed_at) * 1000)::float8 as "listedAt"
from ${TABLE}
`);

/** In the transaction that lists the parts. */
export const recordSeed = (seed: Seed): Statement =>
  statement(`update ${TABLE} set seed = $1::jsonb, listed_at = clock_timestamp() where only_row`, [JSON.stringify(seed)]);

/** @param workers that may work from now on */
export const setWorkers = (workers: number): Statement =>
  statement(`update ${TABLE} set workers = $1::int where only_row and workers <> $1::int`, [workers]);

export const recordFinished = (): Statement =>
  bound([])(`update ${TABLE} set finished_at = clock_timestamp() where only_row and finished_at is null`);
