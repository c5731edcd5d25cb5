/**
 * Terms and types that all folders share.
 *
 * source      the Aurora cluster's writer, in one database
 * target      the PlanetScale Postgres database
 * step        one idempotent unit of the migration; a state in a state machine; a Lambda function
 * blocker     a finding of the readiness check that stops the migration
 * warning     a finding that the user should know
 * marker      a row that we write on the publisher and wait for on the subscriber: everything before it has arrived
 * heartbeat   the numbered table of markers; a missing number is a lost change
 * forward     the stream of changes from the source to the target; reverse: from the target to the source, made by a switch
 * fence       a side refuses the writes of every role but ours, while a switch away from it is under way
 * gate        whether a side takes the application's writes: open, fenced or closed; kept in a table on that side
 * witness     a record of a switch's commit: the gates of both sides, and the application's secret
 * lease       the right to change the state of a switch: an advisory lock on either side, lost with the session that holds it
 * journal     the cluster's configuration before we changed it, kept as tags on the cluster and its instances
 * margin      how far ahead of the source a target sequence is set while the source still moves
 * visit       one invocation of a step's function; a step that polls is visited many times
 */
import type { MigrationInput } from '../config/input.ts';
import type { Json } from '../config/json.ts';
import type { Log } from '../ports/log.ts';
import type { Need, Ports, Views } from '../ports/ports.ts';

/**
 * The judgement of a step about what it observed. `todo`: it has to act. `pending`: it is under way, to be visited again. `done`: nothing
 * is left to do, and the next state may follow.
 */
export type Verdict = 'todo' | 'pending' | 'done';

/** The visit, as every step receives it. */
export interface Visit {
  readonly input: MigrationInput;
  /** Name of the execution, unique within the account for 90 days. */
  readonly execution: string;
  /** Evidence of the same step's last visit in this execution, as it was returned; undefined on the first visit. */
  readonly previous: Json | undefined;
  /** Results of the states before in this execution, by the name of their step, and `failure` after one that failed. */
  readonly results: Readonly<Record<string, unknown>>;
  /** Seconds since the first visit of this step in this execution; 0 on the first. */
  readonly waitedSeconds: number;
  /** Milliseconds left before the function must return. A long step leaves in time and returns `pending`. */
  remainingMs(): number;
  readonly log: Log;
}

/** Argument of `inspect`: the visit, and read-only views of the ports that the step needs. */
export type Looking<N extends Need> = Visit & Pick<Views, N>;
/** Argument of `act`: the visit and the ports that the step needs. */
export type Acting<N extends Need> = Visit & Pick<Ports, N>;

/** Event that a state passes to its function; see `engine/machines.ts`. */
export interface StepEvent {
  /** `$$.Execution.Input`, as the operator gave it. */
  readonly input: unknown;
  /** `$`: the results of the states before, each under the name of its step. */
  readonly state: Readonly<Record<string, unknown>>;
  /** `$$.Execution.Name` */
  readonly execution: string;
  /** `$$.Execution.Id` */
  readonly executionArn: string;
  /** `$$.Execution.StartTime`, ISO 8601. */
  readonly startedAt: string;
  /** Whether the machine visits the step again while it is pending. */
  readonly polls: boolean;
}

/** Result of a state at `$.<Step>`. Choices read `verdict`, the Wait state reads `nextPollSeconds`, the operator reads the rest. */
export interface StepResult {
  readonly verdict: 'pending' | 'done';
  /** Whole seconds until the next visit; 0 when done. */
  readonly nextPollSeconds: number;
  /** When this step was first visited in this execution, ISO 8601. */
  readonly since: string;
  readonly evidence: Json;
}
