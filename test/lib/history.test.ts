/** How many events an execution leaves in its history, which may hold 25,000: computed from the machine as it would be deployed. */
import { StateMachine, type StateMachineDefinition } from 'aws-local-stepfunctions';
import { describe, expect, it } from 'vitest';
import type { StepName } from '../../lambdas/engine/machines.ts';
import { MACHINE_NAMES, MACHINES, type MachineName, type Stage } from '../../lambdas/engine/machines.ts';
import { nextPollSeconds } from '../../lambdas/engine/step.ts';
import { synthesized } from '../support/synthesized.ts';

const stack = synthesized();
const DAY = 86_400;
/** https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html#service-limits-state-machine-executions */
const QUOTA = 25_000;
const LIMIT = 20_000;

/**
 * Events of one passage through a state (https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html): entered and
 * exited, and for a task between them scheduled, started, succeeded. A try that fails is scheduled, started, failed.
 */
const EVENTS: Readonly<Record<string, number>> = { Task: 5, Choice: 2, Wait: 2, Pass: 2, Succeed: 2 };
const EVENTS_OF_A_FAILED_TRY = 3;
/** ExecutionStarted and ExecutionSucceeded. */
const EVENTS_OF_AN_EXECUTION = 2;

const orderOf = (machine: MachineName): readonly Stage[] => MACHINES[machine].order;
const polling = (machine: MachineName): StepName[] => orderOf(machine).flatMap(({ step, polls }) => (polls ? [step] : []));

/**
 * Runs the machine to its end without waiting, with a clock that goes on by what each wait would take.
 * @param seconds for how long each step says that it is pending
 * @param failedTries of each visit
 */
async function eventsOf(machine: MachineName, seconds: Partial<Record<StepName, number>>, failedTries = 0): Promise<number> {
  const definition: StateMachineDefinition = stack.definitionOf(machine);
  delete definition.TimeoutSeconds; // a timer of the interpreter cannot hold 90 days
  const states = definition.States;
  let tries = 0;
  const handlers = Object.entries(states).flatMap(([name, { Type }]) => {
    if (Type !== 'Task') return [];
    let waited = 0;
    const visit = () => {
      tries += failedTries;
      const pending = waited < (seconds[name as StepName] ?? 0);
      const wait = nextPollSeconds(waited);
      waited += wait;
      return { verdict: pending ? 'pending' : 'done', nextPollSeconds: pending ? wait : 0, since: '', evidence: null };
    };
    return [[name, visit]];
  });
  const waits = Object.entries(states).flatMap(([name, { Type }]) => (Type === 'Wait' ? [[name, 0]] : []));
  // The definitions are validated in machines.test.ts, which takes longer than to run them.
  const running = new StateMachine(definition, { validationOptions: { noValidate: true } }).run(
    machine === 'Replicate' ? { reboot: 'now' } : {},
    {
      overrides: { taskResourceLocalHandlers: Object.fromEntries(handlers), waitTimeOverrides: Object.fromEntries(waits) },
      context: { Execution: { Name: 'one', Id: 'arn:aws:states:eu-central-1:111122223333:execution:AuroraToPlanetScale-Replicate:one' } },
    },
  );
  const counting = (async () => {
    let events = EVENTS_OF_AN_EXECUTION;
    for await (const log of running.eventLogs) {
      if (log.type === 'StateEntered') events += EVENTS[log.state.type] ?? Number.NaN;
    }
    return events;
  })();
  await running.result;
  return (await counting) + tries * EVENTS_OF_A_FAILED_TRY;
}

/** Most events come of time that is shared out evenly, because each step begins with short waits. */
const evenly = (machine: MachineName, seconds: number): Partial<Record<StepName, number>> =>
  Object.fromEntries(polling(machine).map((step) => [step, seconds / polling(machine).length]));

describe('the history of an execution of Replicate', () => {
  it('takes 5 events for a step, and 9 for each wait for it', async () => {
    const steps = orderOf('Replicate').length;
    const once = EVENTS_OF_AN_EXECUTION + steps * 5 + polling('Replicate').length * 2 + 2 + 2; // its choices, the consent, the end
    expect(await eventsOf('Replicate', {})).toBe(once);
    expect(await eventsOf('Replicate', { AwaitCopy: 1 })).toBe(once + 9);
    expect(await eventsOf('Replicate', { AwaitCopy: 16 })).toBe(once + 18);
  });

  it.each(polling('Replicate'))('stays below 20,000 events where it waits 30 days for %s', async (step) => {
    expect(await eventsOf('Replicate', { [step]: 30 * DAY })).toBeLessThan(LIMIT);
  });

  it('stays below 20,000 events with the 30 days shared out in the worst way, and a retry at each visit', async () => {
    const worst = await eventsOf('Replicate', evenly('Replicate', 30 * DAY), 1);
    expect(worst).toBeGreaterThan(await eventsOf('Replicate', { AwaitCopy: 30 * DAY }, 1));
    expect(worst).toBeLessThan(LIMIT);
  });
});

describe.each(MACHINE_NAMES.filter((machine) => polling(machine).length > 0))('the history of an execution of %s', (machine) => {
  it('has room until the execution reaches its time limit of 90 days', async () => {
    const { TimeoutSeconds } = stack.definitionOf(machine);
    expect(TimeoutSeconds).toBe(90 * DAY);
    for (const step of polling(machine)) expect(await eventsOf(machine, { [step]: 90 * DAY })).toBeLessThan(QUOTA);
  });
});
