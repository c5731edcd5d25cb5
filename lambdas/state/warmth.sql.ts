/** The record on the target of what the latest execution has read into memory. */
import type { Statement } from '../ports/database.ts';
import { bound, statement } from '../postgres/quote.ts';
import { closed } from './closed.sql.ts';
import { tableExists } from './exists.sql.ts';
import { OWN_TABLES } from './tables.ts';

const { name: NAME, table: TABLE } = OWN_TABLES.warmth;

/** What an execution has read so far. */
export interface Warmth {
  /** Oids of relations that are through. */
  readonly through: readonly string[];
  readonly blocks: number;
  readonly finished: boolean;
  /** Why it could not be done; null where it could. */
  readonly failure: string | null;
}

export const createWarmth = (): Statement =>
  closed(NAME, `create table if not exists ${TABLE} (execution text not null, warmth jsonb not null)`);

export const warmthExists = () => tableExists(OWN_TABLES.warmth);

export const warmthOf = (execution: string): Statement<{ readonly warmth: Warmth }> =>
  statement(`select warmth from ${TABLE} where execution = $1::text`, [execution]);

export const recordWarmth = (execution: string, warmth: Warmth): Statement =>
  bound([execution, JSON.stringify(warmth)])(`
with earlier as (delete from ${TABLE} where true)
insert into ${TABLE} (execution, warmth) values ($1::text, $2::jsonb)
`);
