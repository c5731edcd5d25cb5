/**
 * The engine: a step inspects, judges, acts, and inspects again. Because verification repeats the same inspection, every step is idempotent:
 * a crash between acting and returning does no harm, and a second run does not act.
 */
import { TransientError, VerificationError } from '../config/errors.ts';
import type { MigrationInput } from '../config/input.ts';
import type { Json } from '../config/json.ts';
import type { Need } from '../ports/ports.ts';
import type { Acting, Looking, StepEvent, StepResult, Verdict, Visit } from './contract.ts';
import { type Moment, unexpected } from './unexpected.ts';

/** One unit of the migration. `N` are the ports it needs, from which its rights, network and environment are derived. */
export interface Step<N extends Need, Seen, Evidence extends Json> {
  readonly needs: readonly N[];
  /**
   * Megabytes of the step's function, where it needs more than other functions, or where more pays. A share of the processor comes with them,
   * and 1769 MB come with a whole one (https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html).
   */
  readonly memoryMb?: number;
  /** The state after an interrupted act, as a sentence of an error's message. Every step that acts has one. */
  readonly interrupted?: string;
  /** Only reads. Called again after `act`. */
  inspect(ctx: Looking<N>): Promise<Seen>;
  /** Pure: the verdict about what was observed. Throws one of our errors where the migration cannot go on. */
  judge(seen: Seen, input: MigrationInput): Verdict;
  /**
   * Called on `todo` only. Work that is longer than a visit may be left open by returning `pending`: then a second verdict of `todo` means
   * that the next visit continues, and is no failure to take effect.
   */
  act?(ctx: Acting<N>, seen: Seen): Promise<void> | Promise<'pending' | undefined>;
  /**
   * Seconds until a pending step is visited again, where it knows better than {@link nextPollSeconds}.
   * @param waitedSeconds since the first visit
   */
  pollSeconds?(seen: Seen, before: Seen, waitedSeconds: number): number | undefined;
  /**
   * Small JSON for the execution's history: no secrets, no rows.
   * @param before what the visit observed before it acted; the same as `seen` where it did not act
   */
  evidence(seen: Seen, before: Seen): Evidence;
}

/** A step whose types do not matter to the caller. */
// biome-ignore lint/suspicious/noExplicitAny: the registry holds steps of every shape; each is checked where it is defined
export type AnyStep = Step<Need, any, any>;

/** Only looks, or says what an act leaves that was cut off. */
type Interruptible = { readonly act?: never } | { readonly interrupted: string };

/**
 * Lets the compiler find `N`, `Seen` and `Evidence`, so that using a port that `needs` does not name is an error. So is acting without a word
 * about being interrupted.
 */
export function defineStep<const N extends Need, Seen, Evidence extends Json>(
  step: Step<N, Seen, Evidence> & Interruptible,
): Step<N, Seen, Evidence> {
  return step;
}

/** Inspect, judge, act, inspect again. @param at called with the moment that the visit has reached */
async function visit<N extends Need, Seen, Evidence extends Json>(
  step: Step<N, Seen, Evidence>,
  looking: Looking<N>,
  acting: Acting<N>,
  at: (moment: Moment) => void,
): Promise<{ verdict: 'pending' | 'done'; evidence: Evidence; pollSeconds: number | undefined }> {
  const before = await step.inspect(looking);
  const verdict = step.judge(before, looking.input);
  const left = (is: 'pending' | 'done', seen: Seen) => ({
    verdict: is,
    evidence: step.evidence(seen, before),
    pollSeconds: step.pollSeconds?.(seen, before, looking.waitedSeconds),
  });
  if (verdict !== 'todo') return left(verdict, before);
  if (!step.act) throw new VerificationError('A step that only looks asked to act. This is a defect of the tool; nothing was changed.');
  at('acting');
  const acted = await step.act(acting, before);
  at('looking again');
  const after = await step.inspect(looking);
  const proved = step.judge(after, looking.input);
  if (proved === 'todo') {
    if (acted === 'pending') return left('pending', after);
    throw new VerificationError(
      `The step acted and no error came back, but looking again shows that its effect is not there: ${JSON.stringify(step.evidence(after, before))}. ` +
        'Find out what undoes it, then start the machine again; it continues where it stopped.',
    );
  }
  return left(proved, after);
}

const FIRST_POLL_SECONDS = 15;
const LONGEST_POLL_SECONDS = 90 * 60;
const SHARE_OF_TIME_SPENT = 0.06;

/**
 * Seconds until a pending step is visited again: about 6 % of the time already spent, so that an execution of 30 days stays under
 * 20,000 of the 25,000 events that its history may hold; `test/lib/history.test.ts` computes it.
 */
export function nextPollSeconds(waitedSeconds: number): number {
  return Math.round(Math.min(LONGEST_POLL_SECONDS, Math.max(FIRST_POLL_SECONDS, waitedSeconds * SHARE_OF_TIME_SPENT)));
}

/** The result that this step left at its last visit of this execution. */
function lastResult(event: Pick<StepEvent, 'state'>, name: string): StepResult | undefined {
  return event.state[name] as StepResult | undefined;
}

/** Dependencies of `runStep`, so that it can run in Lambda, in a rehearsal and in a test alike. */
export interface Surroundings<N extends Need> {
  readonly input: MigrationInput;
  readonly looking: Omit<Looking<N>, keyof Visit>;
  readonly acting: Omit<Acting<N>, keyof Visit>;
  remainingMs(): number;
  readonly log: Visit['log'];
  /** Milliseconds since 1970. */
  now(): number;
}

/**
 * One visit of a step, from the event that its state passes to the result that its state keeps.
 * @throws MigrationError as the step decided; for errors that are not ours, and for statements that a server refused, with the step, what
 *   was changed by then and what to do
 */
export async function runStep<N extends Need, Seen, Evidence extends Json>(
  name: string,
  step: Step<N, Seen, Evidence>,
  event: Pick<StepEvent, 'state' | 'execution'>,
  surroundings: Surroundings<N>,
): Promise<StepResult> {
  const last = lastResult(event, name);
  const since = last?.since ?? new Date(surroundings.now()).toISOString();
  const waitedSeconds = Math.max(0, (surroundings.now() - Date.parse(since)) / 1000);
  const common: Visit = {
    input: surroundings.input,
    execution: event.execution,
    previous: last?.evidence,
    results: event.state,
    waitedSeconds,
    remainingMs: surroundings.remainingMs,
    log: surroundings.log,
  };
  let moment: Moment = 'looking';
  try {
    const { verdict, evidence, pollSeconds } = await visit(
      step,
      { ...common, ...surroundings.looking } as Looking<N>,
      { ...common, ...surroundings.acting } as Acting<N>,
      (reached) => {
        moment = reached;
      },
    );
    surroundings.log.info(`${name} is ${verdict}`, { verdict, evidence });
    return { verdict, nextPollSeconds: verdict === 'pending' ? (pollSeconds ?? nextPollSeconds(waitedSeconds)) : 0, since, evidence };
  } catch (thrown) {
    const error = unexpected(thrown, name, moment, surroundings.log, step.interrupted);
    if (error instanceof TransientError) surroundings.log.warn(`${name} will be tried again`, { error: error.message });
    else surroundings.log.warn(`${name} stopped`, { error: error.name, message: error.message });
    throw error;
  }
}
