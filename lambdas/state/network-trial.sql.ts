/** The record on the target that both ways between the servers were tried, by the execution that did. */
import type { StreamName } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { bound, statement } from '../postgres/quote.ts';
import { closed } from './closed.sql.ts';
import { tableExists } from './exists.sql.ts';
import { OWN_TABLES } from './tables.ts';

const { name: NAME, table: TABLE } = OWN_TABLES.networkTrial;

/**
 * What is known of one way. `connected`: a subscription was tried over it. `streams`: its subscription reads over it. `could not tell`: the
 * subscriber was not let try. `not wanted`: the execution goes without the way back.
 */
export type WayFound = {
  readonly found: 'connected' | 'streams' | 'could not tell' | 'not wanted';
  /** Such as `db.example.com:5432`. */
  readonly to?: string;
  readonly encryption?: string;
  readonly why?: string;
};

/** By the stream that takes the way: `forward` from the target to the source, `reverse` from the source to the target. */
export type WaysFound = Readonly<Record<StreamName, WayFound>>;

export const createNetworkTrial = (): Statement =>
  closed(
    NAME,
    `create table if not exists ${TABLE} (execution text not null, tried_at timestamptz not null default now(), ways jsonb not null)`,
  );

export const networkTrialExists = () => tableExists(OWN_TABLES.networkTrial);

/** To be asked only where {@link networkTrialExists}. */
export const networkTrial = (execution: string): Statement<{ readonly ways: WaysFound }> =>
  statement(`select ways from ${TABLE} where execution = $1::text`, [execution]);

/** In place of what an earlier execution found. */
export const recordNetworkTrial = (execution: string, ways: WaysFound): Statement =>
  bound([execution, JSON.stringify(ways)])(`
with earlier as (delete from ${TABLE} where true)
insert into ${TABLE} (execution, ways) values ($1::text, $2::jsonb)
`);
