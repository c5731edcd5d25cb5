/**
 * Messages for unexpected errors of a step: an error that is not ours, which is a defect of the tool, and a statement that a server refused.
 * Both name the step, what was changed by then, and what to do.
 */
import { Defect, MigrationError, StatementFailed } from '../config/errors.ts';
import type { Json } from '../config/json.ts';
import type { Log } from '../ports/log.ts';
import { withCode } from '../postgres/server-words.ts';

/** Moment of a visit: before its step began, at its first inspection, while acting, or at the inspection that verifies the effect. */
export type Moment = 'before' | 'looking' | 'acting' | 'looking again';

/** Classes whose messages the JavaScript engine builds from names and types. Errors with a code, and other classes, may quote values. */
const WORDS_OF_THE_ENGINE = new Set(['Error', 'TypeError', 'RangeError', 'ReferenceError']);
/** Characters of a library's message, which may have several lines and quote its arguments. */
const LONGEST_WORDS = 300;

/** Class of an error that is not ours, and its message where that cannot hold a value. */
export function wordsOfForeign(error: unknown): string {
  if (!(error instanceof Error)) return 'something was thrown that is no error';
  const { name, message, code } = error as Error & { readonly code?: unknown };
  const isPlain = WORDS_OF_THE_ENGINE.has(name) && code === undefined && message !== '';
  if (isPlain) return `${name}: ${message.split('\n')[0]?.slice(0, LONGEST_WORDS)}`;
  return `${name}${typeof code === 'string' ? ` (${code})` : ''}, whose words are left out, since they may hold data`;
}

const refusal = ({ message, complaint: { code, hint } }: StatementFailed): string =>
  `A server refused a statement: ${withCode(message.replace(/\.$/, ''), code)}.${hint ? ` Its hint: ${hint}` : ''}`;
const defect = (error: unknown): string =>
  `The cause is a defect of this tool, or something that it does not know: ${wordsOfForeign(error)}.`;

/** Any error as a sentence, for use within a message of ours. */
export function sentenceOf(error: unknown): string {
  if (error instanceof StatementFailed && !error.isExplained) return refusal(error);
  return error instanceof MigrationError ? error.message : defect(error);
}

/** Stack frames of an error, without the message that a stack begins with. */
const framesOf = (error: unknown): Json =>
  error instanceof Error
    ? (error.stack ?? '')
        .split('\n')
        .filter((line) => /^\s+at /.test(line))
        .map((line) => line.trim())
    : [];

const MOMENTS: Readonly<Record<Moment, string>> = {
  before: 'before it looked at anything. Nothing was touched by this visit.',
  looking: 'while it looked, which changes nothing. What was done before stands.',
  acting: 'while it acted.',
  'looking again': 'after it had acted, while it looked whether that took effect.',
};
const ACTED: readonly Moment[] = ['acting', 'looking again'];

/** The step, the moment, and what was changed by then. */
const stateAt = (step: string, moment: Moment, interrupted = ''): string =>
  [`${step} stopped ${MOMENTS[moment]}`, ...(ACTED.includes(moment) ? [interrupted] : [])].join(' ').trimEnd();

/**
 * @param log gets the stack frames of an error that is not ours
 * @param interrupted the step's sentence on an interrupted act; only where it had begun to act
 * @returns one of our errors; those whose message has a remedy already are returned unchanged
 */
export function unexpected(error: unknown, step: string, moment: Moment, log: Pick<Log, 'warn'>, interrupted?: string): MigrationError {
  if (error instanceof StatementFailed) return error.isExplained ? error : refused(error, stateAt(step, moment, interrupted));
  if (error instanceof MigrationError) return error;
  log.warn(`${step} met a defect`, { kind: error instanceof Error ? error.name : typeof error, frames: framesOf(error) });
  return new Defect(
    `${stateAt(step, moment, interrupted)} ${defect(error)} ` +
      'Start the machine again: every step looks first and goes on from there. If it comes back, report it with the lines of the log group ' +
      `that say "${step} met a defect"; Cleanup works from any state.`,
    { cause: error },
  );
}

const refused = (error: StatementFailed, where: string): StatementFailed =>
  new StatementFailed(
    `${where} ${refusal(error)} Remove the cause that is named, then start the machine again; it continues where it stopped.`,
    error.complaint,
    { cause: error, isExplained: true },
  );
