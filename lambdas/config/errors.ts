import { atMost } from './listing.ts';

/**
 * One class per decision that a state machine or the operator takes. The names are literals because the bundle is minified and
 * Lambda reports `error.name` as `errorType`, which is what a Catch matches.
 *
 * A message says three things: what happened, what was left unchanged, what to do next. SQL texts, bound values and rows never
 * travel on an error: ours hold passwords and other people's data.
 */
export abstract class MigrationError extends Error {
  abstract override readonly name: ErrorName;
}

/** Every name that a Catch may have to match. {@link TransientError} is the only one that is worth a retry. */
export const ERROR_NAMES = [
  'TransientError',
  'InvalidInput',
  'InvalidConfiguration',
  'AlreadyRunning',
  'NotReady',
  'CannotConnect',
  'StatementFailed',
  'Defect',
  'VerificationError',
  'ClusterNotConfigurable',
  'TargetNotConfigurable',
  'WalLevelNotLogical',
  'SchemaCopyFailed',
  'SampleRefused',
  'SchemaDrift',
  'ReplicationBroken',
  'CopyStalled',
  'IndexBuildFailed',
  'SequenceOutOfBounds',
  'DataDiffers',
  'CutoverRefused',
  'SwitchFailed',
  'SwitchIncomplete',
  'RollbackRefused',
  'CleanupIncomplete',
] as const;
export type ErrorName = (typeof ERROR_NAMES)[number];

/** Will probably pass by itself: a restart, a lost connection, a lock not granted in time, a throttled call. Retried. */
export class TransientError extends MigrationError {
  override readonly name = 'TransientError';
}

/** The execution's input is not of the documented form. Nothing was touched. `problems` lists every one. */
export class InvalidInput extends MigrationError {
  override readonly name = 'InvalidInput';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`The execution input was refused, and nothing was touched: ${problems.join(' ')} Start a new execution with these corrected.`);
    this.problems = problems;
  }
}

/** A secret or a deployed setting cannot be used as it is. Nothing was touched. */
export class InvalidConfiguration extends MigrationError {
  override readonly name = 'InvalidConfiguration';
}

/** The target has no login yet: its secret is empty, and a token can make one. Nothing of the target was looked at. */
export class TargetNotKnown extends InvalidConfiguration {
  constructor(secret: string) {
    super(
      `The secret ${secret} is empty, so the target was not looked at. ConfigureTarget, the first step of Replicate, makes a login and fills it in.`,
    );
  }
}

/**
 * An object in a database has our name and is not ours, or not ours alone: it may be code of another role, which would run with our
 * rights, so it was not touched. For the state machines it is a setting that cannot be used.
 */
export class NotOurs extends InvalidConfiguration {
  /** Such as `view planetscale_migration.gate is no plain table and belongs to mallory`. */
  readonly objects: readonly string[];
  /** SQL for the operator to run. */
  readonly statements: readonly string[];
  constructor(where: string, faults: readonly { readonly object: string; readonly fault: string; readonly mend: string }[]) {
    const objects = faults.map(({ object, fault }) => `${object} ${fault}`);
    const statements = [...new Set(faults.map(({ mend }) => mend))];
    super(
      `On the ${where} there is something of our name that is not ours alone: ${shorten(objects, '; ')}. It may hold code of another role, ` +
        'so nothing of it was run, read or changed. Find out who made it. What is not needed is taken away by its owner or a superuser with: ' +
        `${shorten(statements, ' ')} What belongs to an earlier login of this migration can be given to ours instead (alter … owner to …). Then start again.`,
    );
    this.objects = objects;
    this.statements = statements;
  }
}

const MOST_SHOWN = 20;
const shorten = (texts: readonly string[], between: string): string => atMost(MOST_SHOWN, texts).join(between);

/** An older execution that acts on the same database is still running. */
export class AlreadyRunning extends MigrationError {
  override readonly name = 'AlreadyRunning';
  readonly older: string;
  constructor(older: string) {
    super(
      `Execution ${older} is older and still running on this database, so this one stopped before touching anything. ` +
        'Wait for it to end, or stop it in the console, then start again.',
    );
    this.older = older;
  }
}

/** The readiness check found blockers. Source and target are untouched. */
export class NotReady extends MigrationError {
  override readonly name = 'NotReady';
}

/** A server refuses our login, or its name or certificate cannot be used: no retry will help. */
export class CannotConnect extends MigrationError {
  override readonly name = 'CannotConnect';
}

/** A server's error fields for a failed statement, as far as they hold no values: never `detail`, `where` or the statement. */
export interface ServerComplaint {
  /** SQLSTATE, five characters. https://www.postgresql.org/docs/current/errcodes-appendix.html */
  readonly code?: string | undefined;
  readonly hint?: string | undefined;
  readonly schema?: string | undefined;
  readonly table?: string | undefined;
  readonly constraint?: string | undefined;
  /** The function that raised it, with the types of its arguments. */
  readonly culprit?: string | undefined;
  /** Character offset in the statement, one-based, as the server reports it. */
  readonly position?: number | undefined;
}

/** A server refused a statement for a reason that a retry will not cure. */
export class StatementFailed extends MigrationError {
  override readonly name = 'StatementFailed';
  readonly complaint: ServerComplaint;
  /** Whether the message says already what was left unchanged and what to do; any other is put into words where it leaves its step. */
  readonly isExplained: boolean;
  constructor(message: string, complaint: ServerComplaint, options?: ErrorOptions & { readonly isExplained?: true }) {
    super(message, options);
    this.complaint = complaint;
    this.isExplained = options?.isExplained ?? false;
  }
}

/** The tool itself failed: an error that nothing of ours expected. The message says at which step, and what was changed by then. */
export class Defect extends MigrationError {
  override readonly name = 'Defect';
}

/** A step acted without an error, looked again, and its effect was not there. */
export class VerificationError extends MigrationError {
  override readonly name = 'VerificationError';
}

/** The Aurora cluster cannot be prepared, or put back, as it stands. */
export class ClusterNotConfigurable extends MigrationError {
  override readonly name = 'ClusterNotConfigurable';
}

/** PlanetScale's cluster cannot be prepared, or put back, as it stands. */
export class TargetNotConfigurable extends MigrationError {
  override readonly name = 'TargetNotConfigurable';
}

/** The source does not decode its WAL logically, and nothing that is under way will change that. */
export class WalLevelNotLogical extends MigrationError {
  override readonly name = 'WalLevelNotLogical';
}

/** The target refused part of the schema. The transaction was rolled back, so the target is as it was. */
export class SchemaCopyFailed extends MigrationError {
  override readonly name = 'SchemaCopyFailed';
}

/** The target refused rows that were tried before the copy. They were taken back, and nothing was copied. */
export class SampleRefused extends MigrationError {
  override readonly name = 'SampleRefused';
}

/** The schema is no longer the one that was copied, so that what is asked for would stop the stream or compare what cannot be compared. */
export class SchemaDrift extends MigrationError {
  override readonly name = 'SchemaDrift';
}

/** Slot and subscription no longer add up to a gapless history: going on would lose changes without a trace. */
export class ReplicationBroken extends MigrationError {
  override readonly name = 'ReplicationBroken';
}

/** The initial copy does not move, or starts over and over. The message names the cause that the servers report. */
export class CopyStalled extends MigrationError {
  override readonly name = 'CopyStalled';
}

/** Some statements of the post-data section failed; all others were carried out. */
export class IndexBuildFailed extends MigrationError {
  override readonly name = 'IndexBuildFailed';
}

/** A sequence cannot be set ahead far enough to stay inside its bounds. */
export class SequenceOutOfBounds extends MigrationError {
  override readonly name = 'SequenceOutOfBounds';
}

/** Rows differ between source and target, confirmed value by value. */
export class DataDiffers extends MigrationError {
  override readonly name = 'DataDiffers';
}

/** A cutover must not begin. The message lists every reason; nothing was touched. */
export class CutoverRefused extends MigrationError {
  override readonly name = 'CutoverRefused';
}

/** A switch ended before its commit point. The fence was lifted, and the side that served the application before serves it again. */
export class SwitchFailed extends MigrationError {
  override readonly name = 'SwitchFailed';
}

/** A switch was committed, and something after it could not be carried out. Starting the machine again goes on from there. */
export class SwitchIncomplete extends MigrationError {
  override readonly name = 'SwitchIncomplete';
}

/** A rollback must not begin. The message lists every reason; nothing was touched. */
export class RollbackRefused extends MigrationError {
  override readonly name = 'RollbackRefused';
}

/** Something of the migration is still there. The message lists what, and why: a side out of reach, or objects of another role in the way. */
export class CleanupIncomplete extends MigrationError {
  override readonly name = 'CleanupIncomplete';
}
