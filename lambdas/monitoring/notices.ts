/** Notices about executions that have ended. */
import { ERROR_NAMES } from '../config/errors.ts';

/** "Step Functions Execution Status Change", as far as it matters here. */
export interface Ended {
  readonly machine: string;
  /** Name of the execution. */
  readonly execution: string;
  readonly executionArn: string;
  readonly status: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  /** Heading and text of the console's red box. */
  readonly error?: string | undefined;
  readonly cause?: string | undefined;
}

export interface Notice {
  /** ASCII in one line of at most 100 characters, as SNS wants it. */
  readonly subject: string;
  readonly message: string;
}

/** By machine. */
const SUCCESS: Readonly<Record<string, { readonly subject: string; readonly says: string }>> = {
  Replicate: {
    subject: 'ready to cut over',
    says:
      'The target follows the source, and every row was compared. Start Cutover whenever you like; it checks everything once more, and ' +
      'refuses where something speaks against it.',
  },
  Cutover: {
    subject: 'switched to PlanetScale',
    says:
      'PlanetScale serves the application. The result of the execution says how long writes were kept waiting, what was proved, and whether ' +
      'something is left for you to change by hand. Rollback goes back, with everything that is written from now on.',
  },
  Rollback: {
    subject: 'rolled back to Aurora',
    says: 'Aurora serves the application again, with everything that was written at PlanetScale. Cutover works again.',
  },
  Recovery: {
    subject: 'an interrupted switch is settled',
    says: 'The result of the execution says which side serves the application.',
  },
  Cleanup: {
    subject: 'cleaned up',
    says: 'Nothing of the migration is left in the databases, and nothing is watched any more. The stack may be destroyed.',
  },
};

const ENDINGS = { FAILED: 'failed', TIMED_OUT: 'ran out of time', ABORTED: 'was stopped' } as const;

/** A mail is read at a glance; the whole text is in the console. */
const LONGEST_CAUSE = 4_000;
const LONGEST_SUBJECT = 100;

/** @param stack its name @param reportPage where a person finds the report @returns undefined where there is no notice */
export function noticeOf(stack: string, ended: Ended, reportPage?: string): Notice | undefined {
  const words = ended.status === 'SUCCEEDED' ? SUCCESS[ended.machine] : failure(ended);
  if (!words) return undefined;
  const subject = `${stack}: ${words.subject}`.replace(/[^ -~]/g, '?').slice(0, LONGEST_SUBJECT);
  return {
    subject,
    message: [
      words.says,
      `Execution ${ended.execution} of ${ended.machine}: ${consoleOf(ended.executionArn)}`,
      ...(reportPage === undefined ? [] : [`The report so far, written within a minute of this: ${reportPage}`]),
    ].join('\n\n'),
  };
}

function failure({ machine, status, error, cause }: Ended): { subject: string; says: string } {
  const ending = ENDINGS[status as keyof typeof ENDINGS];
  const reason = cause && cause.length > LONGEST_CAUSE ? `${cause.slice(0, LONGEST_CAUSE)}… (the rest is in the console)` : cause;
  const advice =
    status === 'FAILED'
      ? `What it means, and what to do: docs/errors.md${anchorOf(error)}`
      : `${machine} can be started again; it goes on where it stopped.`;
  return {
    subject: `${machine} ${ending}${error ? `: ${error}` : ''}`,
    says: [`${machine} ${ending}${error ? `: ${error}` : '.'}`, ...(reason ? [reason] : []), advice].join('\n\n'),
  };
}

/** `arn:aws:states:<region>:…` → the address of the execution in the console. */
const anchorOf = (error: string | undefined): string =>
  `#${ERROR_NAMES.some((name) => name === error) ? error?.toLowerCase() : 'errors-of-step-functions-and-lambda'}`;

/** `arn:aws:states:<region>:…` → where a person looks at the execution. */
export function consoleOf(executionArn: string): string {
  const region = executionArn.split(':')[3];
  return `https://${region}.console.aws.amazon.com/states/home?region=${region}#/v2/executions/details/${executionArn}`;
}
