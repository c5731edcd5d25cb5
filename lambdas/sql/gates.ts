/**
 * The gate of a side: whether it takes the application's writes. Each side keeps its own, as one row in our schema there, so that whoever
 * lifts a fence and whoever commits a switch meet at the same row of the same server, and only one of them can win.
 *
 *   open     the application may write here
 *   fenced   a switch away from here is under way; past its deadline anybody may lift the fence
 *   closed   the other side serves the application
 *
 * THE COMMIT POINT of a switch is the transaction that turns the gate of the side being left from `fenced` to `closed` ({@link commitGate}).
 * It can be read afterwards by anybody: `select state, turn from planetscale_migration.gate`.
 *
 * A gate that is not open does two things to its database: transactions are read-only by default, and every role but ours loses CONNECT,
 * because a default may be overridden by any session. What both were before is kept in the row, and put back when it opens.
 */
import type { Json, Statement } from '../contract.ts';
import { SCHEMA } from '../names.ts';
import { closeTable } from './closed.ts';
import { GATE, LOCK_GATE, SHUT, UNSHUT } from './gate-access.ts';
import { beatInBlock } from './heartbeat.ts';
import { literal, statement } from './quote.ts';

const NAME = GATE.name;
const TABLE = GATE.table;

export type GateState = 'open' | 'fenced' | 'closed';

export interface Gate {
  readonly state: GateState;
  /** Number of the latest switch that began here, of both sides' switches together; 0 before the first. */
  readonly turn: number;
  /** How many switches away from here were committed. */
  readonly commits: number;
  /** The execution that was called off last. */
  readonly calledOff: string | null;
  /** Execution and attempt of the latest switch away from here. */
  readonly execution: string | null;
  readonly attempt: string | null;
  /** Milliseconds until the fence may be lifted by anybody, by this server's clock; 0 or less when it is time. Null unless fenced. */
  readonly remainingMs: number | null;
  /** When the state last changed, by this server's clock. */
  readonly changedAt: Date;
  /** What the latest committed switch away from here found out about itself. */
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

export const gateExists = (): Statement<{ exists: boolean }> => statement(`select to_regclass('${SCHEMA}.${NAME}') is not null as exists`);

export const gateState = (): Statement<Gate> =>
  statement(`
select state, turn, commits, called_off as "calledOff", execution, attempt::text,
  case when state = 'fenced' then (extract(epoch from deadline - clock_timestamp()) * 1000)::float8 end as "remainingMs",
  changed_at as "changedAt", report
from ${TABLE}
`);

const block = (body: string): Statement => statement(`do $do$${LOCK_GATE}${body}\nend\n$do$`);

export interface Fence {
  /** The turn that was seen here. Where it has moved on since, the attempt was called off. */
  readonly seen: number;
  readonly turn: number;
  readonly execution: string;
  /** Unlike that of any other attempt; a UUID. */
  readonly attempt: string;
  readonly seconds: number;
}

/** open → fenced. Fails on any other state, and for an attempt that was called off. */
export const fenceGate = ({ seen, turn, execution, attempt, seconds }: Fence): Statement =>
  block(`
  if gate.state <> 'open' then
    raise exception 'the gate of this side is %, not open', gate.state using errcode = 'object_not_in_prerequisite_state';
  end if;
  if gate.turn <> ${seen} or gate.called_off = ${literal(execution)} then
    raise exception 'this attempt was called off' using errcode = 'object_not_in_prerequisite_state';
  end if;
  update ${TABLE} set state = 'fenced', turn = ${turn}, execution = ${literal(execution)}, attempt = ${literal(attempt)},
    deadline = clock_timestamp() + make_interval(secs => ${seconds}), report = null,
    changed_at = clock_timestamp();${SHUT}`);

/** open → closed, for the side that is switched to. Nothing happens where it is closed. */
export const closeGate = (): Statement =>
  block(`
  if gate.state = 'open' then
    update ${TABLE} set state = 'closed', changed_at = clock_timestamp();${SHUT}
  end if;`);

/**
 * fenced → closed, in time, by the attempt that fenced it: the commit point of a switch. No row where it is too late, or where somebody
 * has lifted the fence.
 */
export const commitGate = (attempt: string): Statement<{ state: GateState }> =>
  statement(
    `
update ${TABLE} set state = 'closed', commits = commits + 1, deadline = null, changed_at = clock_timestamp()
where state = 'fenced' and attempt = $1::uuid and clock_timestamp() < deadline
returning state
`,
    [attempt],
  );

/**
 * Calls off whatever attempt has looked at this gate and has not fenced yet: the function of an aborted execution goes on by itself.
 * @param execution is called off even if it has not looked at the gate yet
 */
export const callOff = (execution?: string): Statement =>
  statement(`update ${TABLE} set turn = turn + 1, called_off = coalesce($1::text, called_off) where state = 'open'`, [execution ?? null]);

/** What a switch found out about itself, for whoever asks later. */
export const recordReport = (attempt: string, report: string): Statement =>
  statement(`update ${TABLE} set report = $2::jsonb where attempt = $1::uuid`, [attempt, report]);

/** fenced → open, with everything as it was. Nothing happens in another state. @param attempt only if it was this one that fenced */
export const liftFence = (attempt?: string): Statement =>
  block(`
  if gate.state = 'fenced'${attempt === undefined ? '' : ` and gate.attempt = ${literal(attempt)}`} then${UNSHUT}
  end if;`);

/**
 * closed → open, with everything as it was. Nothing happens in another state. The first thing to be written here is a marker: if the slot of
 * the stream back is made anew before it is read, the marker is missing on the other side, as a number that was left out.
 */
export const openGate = (): Statement =>
  block(`\n  if gate.state = 'closed' then${beatInBlock(`'opened ' || clock_timestamp()`)}${UNSHUT}\n  end if;`);

/** Whatever it is → open, with everything as it was. */
export const restoreGate = (): Statement => block(`\n  if gate.state <> 'open' then${UNSHUT}\n  end if;`);
