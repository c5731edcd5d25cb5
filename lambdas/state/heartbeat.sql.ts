/** Our own schema and its numbered markers. Numbers have no gaps, so one that is missing on the target is a lost change. */
import { SCHEMA } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { bound, identifier, statement } from '../postgres/quote.ts';
import { closeSchema, closeTable } from './closed.sql.ts';
import { tableExists } from './exists.sql.ts';
import { OWN_TABLES } from './tables.ts';

const { name: HEARTBEAT, table: TABLE } = OWN_TABLES.heartbeat;

/** Our schema and the heartbeat table, the same on both sides. Harmless where they are there. */
export const createHeartbeat = (): Statement =>
  statement(`
do $do$
begin
  if to_regnamespace('${SCHEMA}') is null then
    create schema ${identifier(SCHEMA)};${closeSchema()}
  end if;
  if to_regclass('${SCHEMA}.${HEARTBEAT}') is null then
    create table ${TABLE} (
      id bigint primary key,
      token text not null unique,
      written_at timestamptz not null default clock_timestamp()
    );${closeTable(HEARTBEAT)}
  end if;
end
$do$
`);

/** A marker as either side has it. */
export interface Beat {
  readonly id: number;
  readonly token: string;
  readonly writtenAt: Date;
}

/**
 * To be taken first, in a statement of its own: a statement's snapshot is older than the locks it takes, so numbering in the same
 * statement could miss a number that was just committed.
 */
export const lockHeartbeats = (): Statement => statement(`select pg_advisory_xact_lock(hashtextextended('${SCHEMA}.${HEARTBEAT}', 0))`);

/** Writes the next number under a token; a token that is already there changes nothing. Only under {@link lockHeartbeats}. */
export const writeHeartbeat = (token: string): Statement =>
  bound([token])(`
insert into ${TABLE} (id, token)
select coalesce(max(id), 0) + 1, $1::text from ${TABLE}
on conflict (token) do nothing
`);

/** The same inside of a block of PL/pgSQL, with the lock. @param token an expression */
export const heartbeatInBlock = (token: string): string => `
    perform pg_advisory_xact_lock(hashtextextended('${SCHEMA}.${HEARTBEAT}', 0));
    insert into ${TABLE} (id, token) select coalesce(max(id), 0) + 1, ${token} from ${TABLE};`;

/** The marker of this token, if it has arrived. */
export const heartbeatOf = (token: string): Statement<Beat> =>
  statement(`select id::float8 as id, token, written_at as "writtenAt" from ${TABLE} where token = $1::text`, [token]);

/** The numbers that have arrived. */
export interface HeartbeatRange {
  readonly count: number;
  readonly first: number;
  readonly last: number;
}

/** Numbers start at 1 and have no gaps, so `last` other than `count` means that some are missing. */
export const heartbeatRange = (): Statement<HeartbeatRange> =>
  statement(`select count(*)::float8 as count, coalesce(min(id), 0)::float8 as first, coalesce(max(id), 0)::float8 as last from ${TABLE}`);

export const heartbeatExists = () => tableExists(OWN_TABLES.heartbeat);

/** The newest marker whose token begins with `prefix`. */
export const newestHeartbeat = (prefix: string): Statement<Pick<Beat, 'id' | 'token'>> =>
  statement(`select id::float8 as id, token from ${TABLE} where starts_with(token, $1::text) order by heartbeat.id desc limit 1`, [prefix]);

/** Every marker whose token begins with `prefix`, oldest first. */
export const heartbeatsNamed = (prefix: string): Statement<Pick<Beat, 'token'>> =>
  statement(`select token from ${TABLE} where starts_with(token, $1::text) order by heartbeat.id`, [prefix]);

/** Milliseconds since a marker was written, by the clock that wrote it. */
export const heartbeatAge = (token: string): Statement<{ milliseconds: number }> =>
  statement(
    `select (extract(epoch from clock_timestamp() - written_at) * 1000)::float8 as milliseconds from ${TABLE} where token = $1::text`,
    [token],
  );
