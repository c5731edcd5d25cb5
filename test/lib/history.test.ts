/** How many events an execution leaves in its history, which may hold 25,000: computed from the machine as it would be deployed. */
import { StateMachine, type StateMachineDefinition } from 'aws-local-stepfunctions';
import { describe, expect, it } from 'vitest';
import type { StepEvent } from '../../lambdas/engine/contract.ts';
import type { StepName } from '../../lambdas/engine/machines.ts';
import { MACHINE_NAMES, MACHINES, type MachineName, type Stage } from '../../lambdas/engine/machines.ts';
import { nextPollSeconds } from '../../lambdas/engine/step.ts';
import { MOST_CHILDREN } from '../../lib/states.ts';
import { eachState, statesOf } from '../../rehearsal/machines/states.ts';
import { synthesized } from '../support/synthesized.ts';

const stack = synthesized();
const DAY = 86_400;
/** https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html#service-limits-state-machine-executions */
const QUOTA = 25_000;
const LIMIT = 20_000;

/**
 * Events of one passage through a state (https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html): entered and
 * exited, and for a task between them scheduled, started, succeeded; for a map both it and its run started and succeeded. A try that
 * fails is scheduled, started, failed. What the children of a map do is in histories of their own.
 */
const EVENTS: Readonly<Record<string, number>> = { Task: 5, Choice: 2, Wait: 2, Pass: 2, Succeed: 2, Map: 6 };
const EVENTS_OF_A_FAILED_TRY = 3;
/** ExecutionStarted and ExecutionSucceeded. */
const EVENTS_OF_AN_EXECUTION = 2;

const orderOf = (machine: MachineName): readonly Stage[] => MACHINES[machine].order;
/** Steps that wait for something themselves; one with workers waits for these, which have histories of their own. */
const polling = (machine: MachineName): StepName[] =>
  orderOf(machine).flatMap(({ step, polls, workers }) => (polls && !workers ? [step] : []));

/** What a visit says, by the seconds since the first one of its step, or of its worker. */
type Visits = (waited: number) => {
  readonly pending: boolean;
  readonly evidence?: unknown;
  /** Of the visit itself. @default 0 */
  readonly seconds?: number;
  /** Until the next one. @default - as the engine has it */
  readonly pollSeconds?: number;
};
/** One for each worker of a step. */
type MakeVisits = () => Visits;
const atOnce: Visits = () => ({ pending: false });

interface Histories {
  readonly parent: number;
  /** Of each child of a map, by the number of its worker. */
  readonly children: ReadonlyMap<number, number>;
}

/**
 * Runs the machine to its end without waiting, with a clock that goes on by what each visit and each wait would take.
 * @param visits of each step; those that are not here are done at once
 * @param failedTries of each visit
 */
async function historiesOf(machine: MachineName, visits: Partial<Record<StepName, MakeVisits>>, failedTries = 0): Promise<Histories> {
  const definition: StateMachineDefinition = stack.definitionOf(machine);
  delete definition.TimeoutSeconds; // a timer of the interpreter cannot hold 90 days
  const tries = new Map<number, number>();
  const handlers = statesOf(definition).flatMap(([name, { Type }]) => {
    if (Type !== 'Task') return [];
    const known = new Map<number, { waited: number; readonly visit: Visits }>();
    const handler = ({ state }: StepEvent) => {
      const worker = Number(state.worker ?? 0);
      const itself = known.get(worker) ?? { waited: 0, visit: visits[name as StepName]?.() ?? atOnce };
      known.set(worker, itself);
      tries.set(worker, (tries.get(worker) ?? 0) + failedTries);
      const { pending, evidence = null, seconds = 0, pollSeconds } = itself.visit(itself.waited);
      const wait = pollSeconds ?? nextPollSeconds(itself.waited);
      itself.waited += seconds + wait;
      return { verdict: pending ? 'pending' : 'done', nextPollSeconds: pending ? wait : 0, since: '', evidence };
    };
    return [[name, handler]];
  });
  // The definitions are validated in machines.test.ts, which takes longer than to run them.
  const running = new StateMachine(definition, { validationOptions: { noValidate: true } }).run(
    machine === 'Replicate' ? { reboot: 'now' } : {},
    {
      overrides: { taskResourceLocalHandlers: Object.fromEntries(handlers), waitTimeOverrides: eachState(definition, 'Wait', 0) },
      context: { Execution: { Name: 'one', Id: 'arn:aws:states:eu-central-1:111122223333:execution:AuroraToPlanetScale-Replicate:one' } },
    },
  );
  const failed = (worker: number) => (tries.get(worker) ?? 0) * EVENTS_OF_A_FAILED_TRY;
  const counting = (async () => {
    let parent = EVENTS_OF_AN_EXECUTION;
    const children = new Map<number, number>();
    for await (const log of running.eventLogs) {
      if (log.type !== 'StateEntered') continue;
      const events = EVENTS[log.state.type] ?? Number.NaN;
      if (log.index === undefined) parent += events;
      else children.set(log.index + 1, (children.get(log.index + 1) ?? EVENTS_OF_AN_EXECUTION) + events);
    }
    return { parent, children };
  })();
  await running.result;
  const { parent, children } = await counting;
  return { parent: parent + failed(0), children: new Map([...children].map(([worker, events]) => [worker, events + failed(worker)])) };
}

/** @param seconds for how long each step says that it is pending @param failedTries of each visit */
async function eventsOf(machine: MachineName, seconds: Partial<Record<StepName, number>>, failedTries = 0): Promise<number> {
  const visits = Object.entries(seconds).map(([step, most]) => [step, () => (waited: number) => ({ pending: waited < most })]);
  return (await historiesOf(machine, Object.fromEntries(visits), failedTries)).parent;
}

/** Most events come of time that is shared out evenly, because each step begins with short waits. */
const evenly = (machine: MachineName, seconds: number): Partial<Record<StepName, number>> =>
  Object.fromEntries(polling(machine).map((step) => [step, seconds / polling(machine).length]));

describe('the history of an execution of Replicate', () => {
  it('takes 5 events for a step, and 9 for each wait for it', async () => {
    const steps = orderOf('Replicate').length;
    const ofFinishParts = 2 + 2; // whether it has workers, and its own choice
    const once = EVENTS_OF_AN_EXECUTION + steps * 5 + polling('Replicate').length * 2 + ofFinishParts + 2 + 2; // choices, the consent, the end
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

describe('the histories of a copy of 10 TB in tables of 100 GB', () => {
  /** In parts of a GiB. */
  const PARTS = 10_240;
  const PART_BYTES = 1024 ** 3;
  const VISIT_SECONDS = 15 * 60;

  /** As SeedCopy lists them: those that copy, and one that builds. */
  const listing = (copying: number): MakeVisits => {
    const workers = Array.from({ length: copying + 1 }, (_, index) => ({
      worker: index + 1,
      step: index < copying ? 'CopyParts' : 'BuildCopied',
    }));
    return () => () => ({ pending: false, evidence: { workers } });
  };
  const waiting =
    (seconds: number): MakeVisits =>
    () =>
    (waited) => ({ pending: waited < seconds });

  /** What else the parent waits for, beside the copy: 30 days in the worst way. */
  const beside = Object.fromEntries(Object.entries(evenly('Replicate', 30 * DAY)).map(([step, seconds]) => [step, waiting(seconds)]));

  /**
   * All workers do the same, so one of them stands for all: it copies its share, in visits that end in time, and is visited again at once.
   * @param speed of each, in bytes a second
   */
  async function copied(workers: number, speed: number): Promise<Histories & { readonly days: number }> {
    const secondsOfPart = PART_BYTES / speed;
    const partsOfVisit = Math.max(1, Math.floor(VISIT_SECONDS / secondsOfPart));
    let left = Math.ceil(PARTS / workers);
    const days = (left * secondsOfPart) / DAY;
    const copying: MakeVisits = () => () => {
      left -= Math.min(left, partsOfVisit);
      return { pending: left > 0, seconds: VISIT_SECONDS, pollSeconds: 1 };
    };
    const visits = { ...beside, SeedCopy: listing(1), CopyParts: copying, BuildCopied: waiting(days * DAY) };
    const histories = await historiesOf('Replicate', visits, 1);
    expect(left).toBe(0);
    return { ...histories, days };
  }

  it.each([
    [8, 50, 0.32],
    [8, 5, 3.2],
    [200, 50, 0.01],
    [200, 5, 0.13],
  ])('stay below 20,000 events each with %i workers at %i MB/s, which take %d days', async (workers, megabytes, days) => {
    const found = await copied(workers, megabytes * 1_000_000);
    expect(found.days).toBeCloseTo(days, 1);
    expect(found.parent).toBeLessThan(LIMIT);
    expect([...found.children.keys()].sort()).toEqual([1, 2]);
    for (const events of found.children.values()) expect(events).toBeLessThan(LIMIT);
  });

  it('stay there while a worker waits for its turn, looking every 5 minutes for three days, and then once more for 30', async () => {
    const turns: MakeVisits = () => (waited) => ({ pending: waited < 3 * DAY, pollSeconds: 300 });
    const rounds: MakeVisits = () => {
      let left = 10;
      return () => {
        left -= 1;
        return { pending: left > 0, pollSeconds: 15 };
      };
    };
    const { children } = await historiesOf('Replicate', { SeedCopy: listing(1), CopyParts: turns, BuildCopied: turns }, 1);
    for (const events of children.values()) expect(events).toBeLessThan(LIMIT);
    const visits = { ...beside, SeedCopy: listing(1), FinishParts: rounds };
    const { parent } = await historiesOf('Replicate', visits, 1);
    expect(parent).toBeLessThan(LIMIT);
  });

  it('are one for each child, however many there are', async () => {
    const { parent, children } = await historiesOf('Replicate', { SeedCopy: listing(MOST_CHILDREN - 1) });
    const { parent: alone } = await historiesOf('Replicate', { SeedCopy: listing(1) });
    expect(parent).toBe(alone);
    expect(children.size).toBe(MOST_CHILDREN);
  });
});

describe.each(MACHINE_NAMES.filter((machine) => polling(machine).length > 0))('the history of an execution of %s', (machine) => {
  it('has room until the execution reaches its time limit of 90 days', async () => {
    const { TimeoutSeconds } = stack.definitionOf(machine);
    expect(TimeoutSeconds).toBe(90 * DAY);
    for (const step of polling(machine)) expect(await eventsOf(machine, { [step]: 90 * DAY })).toBeLessThan(QUOTA);
  });
});
