/**
 * The gate of a side: whether it takes the application's writes. Each side keeps its own, as one row in our schema there, so that a
 * session that lifts a fence and one that commits a switch lock the same row of the same server, and only one of them can win.
 *
 *   open     the application may write here
 *   fenced   a switch away from here is under way; past its deadline any session may lift the fence
 *   closed   the other side serves the application
 *
 * THE COMMIT POINT of a switch is the transaction that turns the gate of the side being left from `fenced` to `closed` ({@link commitGate}).
 * The operator can read it afterwards: `select state, turn from planetscale_migration.gate`.
 *
 * A gate that is not open does two things to its database: transactions are read-only by default, and every role but ours loses CONNECT,
 * because a default may be overridden by any session. What both were before is kept in the row, and put back when it opens.
 */
import type { Json } from '../config/json.ts';
import { SCHEMA } from '../config/names.ts';
import type { Moment } from '../ports/application.ts';
import type { Statement } from '../ports/database.ts';
import { END_HOLDERS } from '../postgres/lock-holders.sql.ts';
import { bound, literal, statement } from '../postgres/quote.ts';
import { closeTable } from './closed.sql.ts';
import { tableExists } from './exists.sql.ts';
import { LOCK_GATE, SHUT, UNSHUT } from './gate-access.sql.ts';
import { heartbeatInBlock } from './heartbeat.sql.ts';
import { RELEASE_BEFORE_OPENING } from './held-force.sql.ts';
import { OWN_TABLES } from './tables.ts';

const { name: NAME, table: TABLE } = OWN_TABLES.gate;

export type GateState = 'open' | 'fenced' | 'closed';

export interface Gate {
  readonly state: GateState;
  /** Number of the latest switch away from here that was fenced, of both sides' switches together; 0 before the first. Column `turn`. */
  readonly epoch: number;
  /** Attempts that were cancelled before they fenced. Says nothing about who serves: that is what {@link epoch} is for. */
  readonly cancellations: number;
  /** Number of the committed switch that opened this side; null where none has. Column `opened_turn`. A witness of that commit on another server. */
  readonly openedEpoch: number | null;
  /** What the user's function was told of the latest switch away from here. */
  readonly told: readonly Moment[];
  /** Number of switches away from here that were committed. */
  readonly commits: number;
  /** The execution that was cancelled last. */
  readonly calledOff: string | null;
  /** Execution and attempt of the latest switch away from here. */
  readonly execution: string | null;
  readonly attempt: string | null;
  /** Milliseconds until any session may lift the fence, by this server's clock; 0 or less past the deadline. Null unless fenced. */
  readonly remainingMs: number | null;
  /** When the state last changed, by this server's clock. */
  readonly changedAt: Date;
  /** The report of the latest committed switch away from here. */
  readonly report: Json;
}

/** To be run in our schema, which has to be there. Harmless where the gate is there. */
export const createGate = (): Statement =>
  statement(`
do $do$
begin
  if to_regclass('${SCHEMA}.${NAME}') is null then
    create table ${TABLE} (
      only_row boolean primary key default true check (only_row),
      state text not null default 'open' check (state in ('open', 'fenced', 'closed')),
      turn int not null default 0,
      cancellations int not null default 0,
      opened_turn int,
      told text[] not null default '{}',
      commits int not null default 0,
      execution text,
      called_off text,
      attempt uuid,
      deadline timestamptz,
      read_only_before text,
      connect_taken text[] not null default '{}',
      connect_given text[] not null default '{}',
      report jsonb,
      changed_at timestamptz not null default clock_timestamp()
    );
    insert into ${TABLE} default values;${closeTable(NAME)}
  end if;
end
$do$
`);

export const gateExists = () => tableExists(OWN_TABLES.gate);

export const gateState = (): Statement<Gate> =>
  statement(`
select state, turn as epoch, cancellations, opened_turn as "openedEpoch", told, commits, called_off as "calledOff", execution, attempt::text,
  case when state = 'fenced' then (extract(epoch from deadline - clock_timestamp()) * 1000)::float8 end as "remainingMs",
  changed_at as "changedAt", report
from ${TABLE}
`);

/** @param lockTimeout until the transaction ends; the session's own unless given */
const block = (body: string, lockTimeout?: string): Statement => statement(`do $do$${LOCK_GATE(lockTimeout)}${body}\nend\n$do$`);

export interface Fence {
  /** What was seen here before. Where it has moved on since, the attempt was cancelled. */
  readonly seen: Pick<Gate, 'epoch' | 'cancellations'>;
  readonly epoch: number;
  readonly execution: string;
  /** Unlike that of any other attempt; a UUID. */
  readonly attempt: string;
  readonly seconds: number;
}

/**
 * Time that raising a fence waits for a lock, by the server's own clock: a member of any other database can hold the row of this one
 * (`grant connect on database … to …` is enough, even where it grants nothing).
 */
const RAISING_LOCK_TIMEOUT = '1s';

/** open → fenced. Fails on any other state, for an attempt that was cancelled, and where a lock is not to be had. */
export const fenceGate = ({ seen, epoch, execution, attempt, seconds }: Fence): Statement =>
  block(
    `
  if gate.state <> 'open' then
    raise exception 'the gate of this side is %, not open', gate.state using errcode = 'object_not_in_prerequisite_state';
  end if;
  if gate.turn <> ${seen.epoch} or gate.cancellations <> ${seen.cancellations} or gate.called_off = ${literal(execution)} then
    raise exception 'this attempt was called off' using errcode = 'object_not_in_prerequisite_state';
  end if;
  update ${TABLE} set state = 'fenced', turn = ${epoch}, execution = ${literal(execution)}, attempt = ${literal(attempt)},
    deadline = clock_timestamp() + make_interval(secs => ${seconds}), report = null, told = '{}',
    changed_at = clock_timestamp() where only_row;${SHUT}`,
    RAISING_LOCK_TIMEOUT,
  );

/** An SQLSTATE that no server raises, by which a trial ends itself. */
const TRIED = 'PS000';

/**
 * Does something and undoes it at once, within the statement: no other session sees it. What comes later in this session finds everything
 * that it looks up at hand, which under the fence is most of its time (4 ms in place of 20).
 */
const tried = (body: string): string => `
  begin${body}
    raise exception 'tried' using errcode = '${TRIED}';
  exception when sqlstate '${TRIED}' then null;
  end;`;

/** Before the fence. Fails where a lock that it needs is not to be had. */
export const tryFence = (): Statement => block(`\n  if gate.state = 'open' then${tried(SHUT)}\n  end if;`, RAISING_LOCK_TIMEOUT);

/** The same for the side that is to be opened. */
export const tryOpen = (): Statement => block(`\n  if gate.state = 'closed' then${tried(UNSHUT)}\n  end if;`, RAISING_LOCK_TIMEOUT);

/** open → closed, for the side that is switched to. Nothing happens where it is closed. */
export const closeGate = (): Statement =>
  block(`
  if gate.state = 'open' then
    update ${TABLE} set state = 'closed', changed_at = clock_timestamp() where only_row;${SHUT}
  end if;`);

/**
 * fenced → closed, in time, by the attempt that fenced it: the commit point of a switch. No row where it is too late, or where another
 * session has lifted the fence.
 */
export const commitGate = (attempt: string): Statement<{ state: GateState }> =>
  bound([attempt])(`
update ${TABLE} set state = 'closed', commits = commits + 1, deadline = null, changed_at = clock_timestamp()
where state = 'fenced' and attempt = $1::uuid and clock_timestamp() < deadline
returning state
`);

/**
 * The commit of a switch whose own side has forgotten it, or was never told: other witnesses saw it (`switch/recovery.ts`). Any state → closed.
 * @param epoch number of that switch
 */
export const recommitGate = (epoch: number): Statement =>
  block(`
  if gate.state = 'open' then${SHUT}
  end if;
  if gate.state <> 'closed' then
    update ${TABLE} set state = 'closed', commits = commits + 1, turn = greatest(turn, ${epoch}), deadline = null, changed_at = clock_timestamp()
    where only_row;
  end if;`);

/**
 * Cancels every attempt that has looked at this gate and has not fenced yet: the function of an aborted execution goes on by itself.
 * @param execution is cancelled even if it has not looked at the gate yet
 */
export const cancelAttempts = (execution?: string): Statement =>
  statement(`update ${TABLE} set cancellations = cancellations + 1, called_off = coalesce($1::text, called_off) where state = 'open'`, [
    execution ?? null,
  ]);

/** Before the user's function is told (`before`) or after (the others): a call that was not written down is made again. */
export const noteTold = (epoch: number, moment: Moment): Statement =>
  statement(`update ${TABLE} set told = told || $2::text where turn = $1::int and not $2::text = any (told)`, [epoch, moment]);

/** The report of a switch about itself, for later visits. */
export const recordReport = (attempt: string, report: string): Statement =>
  statement(`update ${TABLE} set report = $2::jsonb where attempt = $1::uuid`, [attempt, report]);

/** fenced → open, with everything as it was. Nothing happens in another state. @param attempt only if it was this one that fenced */
export const liftFence = (attempt?: string): Statement =>
  block(`
  if gate.state = 'fenced'${attempt === undefined ? '' : ` and gate.attempt = ${literal(attempt)}`} then${UNSHUT}
  end if;`);

/** Pauses between two looks; a lock that is released needs nothing of us. */
const LOOK_EVERY_SECONDS = 0.1;

/**
 * As long as this attempt's fence is up, for so many seconds at most: ends the sessions that hold a lock that lifting it waits for. It is a
 * statement that goes on when its client is gone.
 */
export const endLockHoldersWhileFenced = (attempt: string, seconds: number): Statement =>
  statement(`
do $do$
declare
  one record;
  until timestamptz := clock_timestamp() + ${seconds} * interval '1 second';
begin
  while clock_timestamp() < until and exists (select from ${TABLE} where state = 'fenced' and attempt = ${literal(attempt)}) loop${END_HOLDERS}
    perform pg_sleep(${LOOK_EVERY_SECONDS});
  end loop;
end
$do$
`);

/**
 * closed → open, with everything as it was, for the switch of this number. Nothing happens in another state, and nothing where a later
 * switch has left this side: a late visit must not open what was closed since. The first thing to be written here is a marker: if the slot of
 * the stream back is made anew before it is read, the marker is missing on the other side, as a gap in the numbers.
 */
export const openGate = (epoch: number): Statement =>
  block(
    `\n  if gate.state = 'closed' and gate.turn < ${epoch} then${RELEASE_BEFORE_OPENING}${heartbeatInBlock(`'opened ' || clock_timestamp()`)}${UNSHUT}
    update ${TABLE} set opened_turn = ${epoch}, told = '{}' where only_row;\n  end if;`,
  );

/** Whatever it is → open, with everything as it was. */
export const restoreGate = (): Statement => block(`\n  if gate.state <> 'open' then${UNSHUT}\n  end if;`);
