/** One visit of a step from its state's event to its state's result, in Lambda and in the rehearsal. */
import { openPorts } from '../adapters/open-ports.ts';
import { VerificationError } from '../config/errors.ts';
import { type MigrationInput, parseInput } from '../config/input.ts';
import type { StepEvent, StepResult } from '../engine/contract.ts';
import { machinesStarted, type StepName } from '../engine/machines.ts';
import { runStep } from '../engine/step.ts';
import { unexpected } from '../engine/unexpected.ts';
import type { Bindings } from '../ports/bindings.ts';
import type { Log } from '../ports/log.ts';
import { stepNamed } from '../steps/index.ts';

/** The environment of a visit: Lambda, or the rehearsal. */
export interface Host {
  /** The bindings of the ports that the step needs; resolved only after the input was parsed. */
  bindings(): Promise<Partial<Bindings>>;
  /** The deployment's defaults of the input. */
  readonly defaults?: MigrationInput;
  /** Milliseconds left before the function must return. */
  remainingMs(): number;
  readonly log: Log;
}

/**
 * @throws InvalidInput before anything is touched
 * @throws VerificationError where a step is pending in a machine that does not visit it again
 * @throws MigrationError as the step decided
 */
export async function visitStep(name: StepName, event: StepEvent, host: Host): Promise<StepResult> {
  try {
    return await visitWithPorts(name, event, host);
  } catch (error) {
    throw unexpected(error, name, 'before', host.log);
  }
}

async function visitWithPorts(name: StepName, event: StepEvent, host: Host): Promise<StepResult> {
  const input = parseInput(event.input, host.defaults, machinesStarted(name, event.executionArn));
  const { looking, acting, close } = openPorts(name, await host.bindings(), host.log);
  try {
    const { remainingMs, log } = host;
    const result = await runStep(name, stepNamed(name), event, { input, looking, acting, remainingMs, log, now: Date.now });
    if (result.verdict === 'pending' && !event.polls) throw strayed(name);
    return result;
  } finally {
    await close();
  }
}

const strayed = (name: StepName): VerificationError =>
  new VerificationError(
    `${name} is still under way, but its state machine would go on without it. This is a defect of the tool; nothing was undone. ` +
      'Start the machine again: it continues where it stopped.',
  );
