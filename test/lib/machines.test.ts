import { StateMachine, type StateMachineDefinition } from 'aws-local-stepfunctions';
import { describe, expect, it } from 'vitest';
import { ERROR_NAMES } from '../../lambdas/config/errors.ts';
import { DEFAULT_INPUT, keysUnknownTo, parseInput } from '../../lambdas/config/input.ts';
import type { StepEvent, StepResult } from '../../lambdas/engine/contract.ts';
import type { StepName } from '../../lambdas/engine/machines.ts';
import { MACHINE_NAMES, MACHINES, type Machine, type MachineName, machinesStarted, stepsOf } from '../../lambdas/engine/machines.ts';
import { STEP_NAMES } from '../../lambdas/steps/index.ts';
import { MOST_CHILDREN } from '../../lib/states.ts';
import { eachState, statesOf } from '../../rehearsal/machines/states.ts';
import { synthesized } from '../support/synthesized.ts';

const stack = synthesized();

/** Keys of the input that a step refuses in an execution of a machine. */
const refusedAt = (step: StepName, machine: MachineName) =>
  keysUnknownTo(machinesStarted(step, `arn:aws:states:eu-central-1:111122223333:execution:AuroraToPlanetScale-${machine}:first`));

/** What a step's function does in place of the real one. */
type Fake = (event: StepEvent, visit: number) => Partial<StepResult>;
const done: Fake = () => ({ verdict: 'done' });
const pendingUntil =
  (visits: number): Fake =>
  (_event, visit) => ({ verdict: visit < visits ? 'pending' : 'done', nextPollSeconds: 15 });

/** As Lambda reports an error: its name, and JSON as its cause. */
const fails =
  (name: string, errorMessage = 'What happened. What was left. What to do.'): Fake =>
  () => {
    throw Object.assign(new Error(JSON.stringify({ errorType: name, errorMessage, trace: [name] })), { name });
  };

interface Run {
  /** Task states, in the order in which they were entered or tried again. */
  readonly visits: readonly StepName[];
  readonly events: readonly StepEvent[];
  readonly result: unknown;
  /** Error and cause of the console's red box. */
  readonly failure?: { readonly error: string; readonly cause: string };
}

/** Made once, because that is when the interpreter checks a definition, which takes longer than to run it. */
const built = Object.fromEntries(
  MACHINE_NAMES.map((name) => {
    const definition: StateMachineDefinition = stack.definitionOf(name);
    delete definition.TimeoutSeconds; // a timer of the interpreter cannot hold 90 days
    return [name, { definition, machine: new StateMachine(definition) }];
  }),
) as Record<MachineName, { definition: StateMachineDefinition; machine: StateMachine }>;

/** Runs a synthesized machine without any pause. */
async function run(
  machine: MachineName,
  input: Readonly<Record<string, string | number | boolean | null>> = {},
  fakes: Partial<Record<StepName, Fake>> = {},
): Promise<Run> {
  const visits: StepName[] = [];
  const events: StepEvent[] = [];
  const { definition, machine: interpreter } = built[machine];
  const handlers = stepsOf(MACHINES[machine]).map((step) => [
    step,
    (event: StepEvent) => {
      visits.push(step);
      events.push(event);
      const count = visits.filter((visited) => visited === step).length;
      return { nextPollSeconds: 0, since: '2026-01-01T00:00:00.000Z', evidence: null, ...(fakes[step] ?? done)(event, count) };
    },
  ]);
  const execution = interpreter.run(input, {
    overrides: {
      taskResourceLocalHandlers: Object.fromEntries(handlers),
      waitTimeOverrides: eachState(definition, 'Wait', 0),
      retryIntervalOverrides: eachState(definition, 'Task', 0),
    },
    context: { Execution: { Name: 'first', Id: 'arn:aws:states:eu-central-1:111122223333:execution:AuroraToPlanetScale-Replicate:first' } },
  });
  try {
    return { visits, events, result: await execution.result };
  } catch (thrown) {
    const { name, message } = (thrown as Error).cause as Error;
    return { visits, events, result: undefined, failure: { error: name, cause: message } };
  }
}

/** Of a function that was not called for weeks, or that died as it began (#9.18). */
const AFTER_A_LONG_SLEEP = [
  'Lambda.ResourceNotReadyException',
  'Lambda.ENINotReadyException',
  'Lambda.EC2ThrottledException',
  'Lambda.ResourceConflictException',
  'Lambda.CodeArtifactUserPendingException',
  'Runtime.ExitError',
];

const orderOf = (machine: MachineName): StepName[] => MACHINES[machine].order.map(({ step }) => step);
const orderIn = (machine: MachineName): Machine['order'] => MACHINES[machine].order;
/** Machines that fence a side, each with the step that does. */
const SWITCHES = [
  ['Cutover', 'SwitchOver'],
  ['Rollback', 'SwitchBack'],
] as const satisfies [MachineName, StepName][];
const polling = MACHINES.Replicate.order.filter(({ polls }) => polls).map(({ step }) => step);
const withoutReboot = orderOf('Replicate').filter((step) => step !== 'RebootSource');

describe('the machines', () => {
  it('contain every step of the registry, and no other', () => {
    expect([...new Set(MACHINE_NAMES.flatMap((machine) => stepsOf(MACHINES[machine])))].sort()).toEqual([...STEP_NAMES].sort());
  });

  it('are those of the runbook, in its order, and all act but the one that looks and the one that runs beside Replicate', () => {
    expect(MACHINE_NAMES).toEqual(['Preflight', 'Replicate', 'Pace', 'Cutover', 'Rollback', 'Recovery', 'Rotation', 'Cleanup']);
    expect(MACHINE_NAMES.filter((name) => !MACHINES[name].acts)).toEqual(['Preflight', 'Pace']);
    expect(orderOf('Pace')).toEqual(['SetPace']);
    expect(orderOf('Cutover')).toEqual(['CompareData', 'CheckCutover', 'SwitchOver']);
    expect(orderOf('Rollback')).toEqual(['CheckRollback', 'SwitchBack']);
    expect(orderOf('Recovery')).toEqual(['LiftFence']);
    expect(orderOf('Rotation')).toEqual(['RotatePassword']);
    expect(orderOf('Cleanup')).toEqual(['DropReplication', 'RestoreTarget', 'RestoreSource']);
  });

  it.each(MACHINE_NAMES)('%s takes no input in its first step that a later one would refuse', (machine) => {
    const refused = (step: StepName) => new Set(refusedAt(step, machine));
    const [first = 'LiftFence', ...later] = stepsOf(MACHINES[machine]);
    const accepted = Object.keys(DEFAULT_INPUT).filter((key) => !refused(first).has(key as keyof typeof DEFAULT_INPUT));
    for (const step of later) for (const key of accepted) expect(refused(step), `${step} refuses "${key}"`).not.toContain(key);
  });

  it('that switch accept the keys of a switch, and only Recovery the name of an execution', () => {
    const takes = (machine: MachineName, key: keyof typeof DEFAULT_INPUT) =>
      stepsOf(MACHINES[machine]).every((step) => !refusedAt(step, machine).includes(key));
    expect(MACHINE_NAMES.filter((machine) => takes(machine, 'fenceSeconds'))).toEqual(['Cutover', 'Rollback', 'Recovery']);
    expect(MACHINE_NAMES.filter((machine) => takes(machine, 'execution'))).toEqual(['Recovery']);
  });

  it('that copy or switch accept the wish for a way back, and no other (#10)', () => {
    const takes = (machine: MachineName) => stepsOf(MACHINES[machine]).every((step) => !refusedAt(step, machine).includes('reverse'));
    expect(MACHINE_NAMES.filter(takes)).toEqual(['Preflight', 'Replicate', 'Cutover', 'Rollback', 'Recovery']);
  });

  it('visit no step twice in one order', () => {
    for (const machine of MACHINE_NAMES) expect(new Set(orderOf(machine)).size).toBe(orderOf(machine).length);
  });

  it.each(MACHINE_NAMES)('%s has one task for each of its steps, named as the step and calling its function', (machine) => {
    const tasks = statesOf(stack.definitionOf(machine)).flatMap(([name, state]) =>
      state.Type === 'Task' ? [[name, state.Resource.split(':').at(-1)]] : [],
    );
    expect(Object.fromEntries(tasks)).toEqual(
      Object.fromEntries(stepsOf(MACHINES[machine]).map((step) => [step, stack.idOf(`Migration/${step}/Function/Resource`)])),
    );
  });

  it('describe their purpose in the console', () => {
    for (const machine of MACHINE_NAMES) expect(stack.definitionOf(machine).Comment).toBe(MACHINES[machine].says);
  });
});

describe('an execution', () => {
  it('of Preflight only looks', async () => {
    const { visits, failure } = await run('Preflight');
    expect(failure).toBeUndefined();
    expect(visits).toEqual(['Forecast', 'CheckReadiness']);
  });

  it('of Replicate takes the steps in their order and keeps every result', async () => {
    const { visits, result } = await run('Replicate', { indexWorkers: 4 });
    expect(visits).toEqual(withoutReboot);
    expect(Object.keys(result as object).sort()).toEqual([...withoutReboot, 'indexWorkers'].sort());
  });

  it.each([
    [{ reboot: 'now' }, true],
    [{ reboot: 'wait' }, false],
    [{ reboot: true }, false],
    [{ reboot: null }, false],
    [{ Comment: 'now' }, false],
    [{}, false],
  ] as const)('with the input %j reboots the source: %s', async (input, reboots) => {
    const { visits, failure } = await run('Replicate', input);
    expect(failure).toBeUndefined();
    expect(visits.includes('RebootSource')).toBe(reboots);
    if (reboots) expect(visits).toEqual(orderOf('Replicate'));
  });

  it('comes back to a step while it is pending', async () => {
    const fakes = Object.fromEntries(polling.map((step) => [step, pendingUntil(3)]));
    const { visits, failure } = await run('Replicate', { reboot: 'now' }, fakes);
    expect(failure).toBeUndefined();
    expect(visits).toEqual(MACHINES.Replicate.order.flatMap(({ step, polls }) => (polls ? [step, step, step] : [step])));
  });

  it('waits as long as the step asks', () => {
    const { States } = stack.definitionOf('Replicate');
    for (const step of polling)
      expect(States[`WaitFor${step}`]).toMatchObject({
        Type: 'Wait',
        SecondsPath: `$.${step}.nextPollSeconds`,
        Next: step === 'FinishParts' ? 'IsCopyInPartsNeeded' : step,
      });
  });

  it.each(polling)('fails on a verdict of %s that means nothing', async (step) => {
    const { visits, failure } = await run('Replicate', { reboot: 'now' }, { [step]: () => ({ verdict: 'todo' as never }) });
    expect(failure?.error).toBe('States.NoChoiceMatched');
    expect(visits.at(-1)).toBe(step);
  });

  it('passes a step everything that its event promises', async () => {
    const { events } = await run('Replicate', { indexWorkers: 4 }, { AwaitCopy: pendingUntil(2) });
    const [first] = events;
    expect(first).toEqual({
      input: { indexWorkers: 4 },
      state: { indexWorkers: 4 },
      execution: 'first',
      executionArn: 'arn:aws:states:eu-central-1:111122223333:execution:AuroraToPlanetScale-Replicate:first',
      startedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      polls: true,
    });
    const again = events.filter(({ state }) => 'AwaitCopy' in state)[0];
    expect(again).toMatchObject({ polls: true, state: { AwaitCopy: { verdict: 'pending' }, CopySchema: { verdict: 'done' } } });
  });

  it.each(ERROR_NAMES)('ends %s in the Fail state, with our message', async (name) => {
    const { failure, visits } = await run('Replicate', {}, { CopySchema: fails(name) });
    expect(failure).toEqual({ error: name, cause: 'What happened. What was left. What to do.' });
    expect(visits.at(-1)).toBe('CopySchema');
  });

  it.each(MACHINE_NAMES)('of %s ends in the Fail state at whichever step fails', async (machine) => {
    for (const step of orderOf(machine)) {
      const { failure, visits } = await run(machine, { reboot: 'now' }, { [step]: fails('NotReady', `${step} says no`) });
      expect(failure).toEqual({ error: 'NotReady', cause: `${step} says no` });
      const mending = orderIn(machine).find((stage) => stage.step === step)?.onFailure;
      expect(visits.slice(visits.lastIndexOf(step))).toEqual(mending ? [step, mending.step] : [step]);
    }
  });

  it('reports a defect as a defect', async () => {
    const { failure } = await run('Replicate', {}, { CopySchema: fails('TypeError') });
    expect(failure?.error).toBe('TypeError');
  });

  it.each(['TransientError', 'Lambda.TooManyRequestsException', 'Sandbox.Timedout', ...AFTER_A_LONG_SLEEP])(
    'retries after %s',
    async (name) => {
      const flaky: Fake = (event, visit) => (visit < 3 ? fails(name)(event, visit) : { verdict: 'done' });
      const { failure, visits } = await run('Replicate', {}, { CopySchema: flaky });
      expect(failure).toBeUndefined();
      expect(visits.filter((step) => step === 'CopySchema')).toHaveLength(3);
    },
  );

  it.each(ERROR_NAMES.filter((name) => name !== 'TransientError'))('does not retry after %s', async (name) => {
    const { visits } = await run('Replicate', {}, { CopySchema: fails(name) });
    expect(visits.filter((step) => step === 'CopySchema')).toHaveLength(1);
  });
});

describe.each(SWITCHES)('a failure in %s', (machine, step) => {
  it('is absent without an error: LiftFence is not visited', async () => {
    const { visits, failure } = await run(machine);
    expect(failure).toBeUndefined();
    expect(visits).toEqual(orderOf(machine));
  });

  it.each(ERROR_NAMES)('of the switch, %s, visits LiftFence until it is done, and is then reported', async (name) => {
    const { visits, events, failure } = await run(machine, {}, { [step]: fails(name), LiftFence: pendingUntil(3) });
    expect(failure).toEqual({ error: name, cause: 'What happened. What was left. What to do.' });
    expect(visits.slice(visits.lastIndexOf(step))).toEqual([step, 'LiftFence', 'LiftFence', 'LiftFence']);
    expect(events.at(-1)).toMatchObject({ polls: true, state: { failure: { Error: name }, LiftFence: { verdict: 'pending' } } });
  });

  it.each(['Sandbox.Timedout', 'Lambda.Unknown', 'Lambda.TooManyRequestsException', 'States.Timeout', 'TypeError'])(
    'of the switch with a foreign error, %s, visits LiftFence too, whatever its cause contains',
    async (name) => {
      const crash: Fake = () => {
        throw Object.assign(new Error('No JSON, and nothing for people'), { name });
      };
      const { visits, failure } = await run(machine, {}, { [step]: crash });
      expect(visits.at(-1)).toBe('LiftFence');
      expect(failure?.error).toBe(name);
      expect(failure?.cause).toContain(`${step} did not come to its end (${name}). The history`);
    },
  );

  it('of the switch that is transient is retried first, and so is a crash', async () => {
    for (const name of ['TransientError', 'Sandbox.Timedout', 'Lambda.Unknown', 'Lambda.ServiceException', ...AFTER_A_LONG_SLEEP]) {
      const flaky: Fake = (event, visit) => (visit < 2 ? fails(name)(event, visit) : { verdict: 'done' });
      const { visits, failure } = await run(machine, {}, { [step]: flaky });
      expect(failure).toBeUndefined();
      expect(visits).toEqual([...orderOf(machine), step]);
    }
  });

  it('of LiftFence is reported with its own error, the one before it, and what to watch', async () => {
    const { failure } = await run(machine, {}, { [step]: fails('SwitchFailed'), LiftFence: fails('CannotConnect', 'The source is gone.') });
    expect(failure?.error).toBe('CannotConnect');
    expect(failure?.cause).toMatch(
      /^The source is gone\. It was called after SwitchFailed\. Until the machine Recovery, which starts by itself/,
    );
  });

  it('of LiftFence with a foreign error is reported likewise', async () => {
    const { failure } = await run(machine, {}, { [step]: fails('SwitchFailed'), LiftFence: fails('Sandbox.Timedout') });
    expect(failure?.error).toBe('Sandbox.Timedout');
    expect(failure?.cause).toMatch(/^LiftFence did not come to its end \(Sandbox\.Timedout\)\. It was called after SwitchFailed\./);
  });

  it('before the switch needs no LiftFence', async () => {
    const [first = step] = orderOf(machine);
    const { visits } = await run(machine, {}, { [first]: fails('NotReady') });
    expect(visits).toEqual([first]);
  });
});

/** The step that lists `workers`, and then the builder. */
const listing =
  (workers: number): Fake =>
  () => {
    const copying = Array.from({ length: workers }, (_, index) => ({ worker: index + 1, step: 'CopyParts' }));
    return { verdict: 'done', evidence: { workers: [...copying, { worker: workers + 1, step: 'BuildCopied' }] } };
  };

describe('the copy in parts', () => {
  const numbersOf = (events: readonly StepEvent[]) =>
    events.flatMap(({ state }) => (typeof state.worker === 'number' ? [state.worker] : [])).toSorted((a, b) => a - b);

  it('has no workers where none are listed', async () => {
    const { visits } = await run('Replicate', {}, { SeedCopy: () => ({ verdict: 'done', evidence: { way: 'stream', workers: [] } }) });
    expect(visits).toEqual(withoutReboot);
  });

  it('visits each worker at its step, with what the execution itself is told, and its own number', async () => {
    const { visits, events, result } = await run('Replicate', { copyWorkers: 3 }, { SeedCopy: listing(3) });
    expect(visits.filter((step) => step === 'CopyParts')).toHaveLength(3);
    expect(visits.filter((step) => step === 'BuildCopied')).toHaveLength(1);
    expect(numbersOf(events)).toEqual([1, 2, 3, 4]);
    expect(visits.filter((step) => step !== 'CopyParts' && step !== 'BuildCopied')).toEqual(withoutReboot);
    const [itself] = events;
    const ofWorkers = events.filter(({ state }) => 'worker' in state);
    expect(ofWorkers).toHaveLength(4);
    for (const { state, ...event } of ofWorkers) {
      expect(event).toEqual({
        input: itself?.input,
        execution: itself?.execution,
        executionArn: itself?.executionArn,
        startedAt: itself?.startedAt,
        polls: true,
      });
      expect(state).toMatchObject({ step: state.worker === 4 ? 'BuildCopied' : 'CopyParts' });
    }
    expect(Object.keys(result as object)).not.toContain('CopyInParts');
  });

  it('has room for as many workers as may be asked for, all at a time', async () => {
    const { visits, failure } = await run('Replicate', {}, { SeedCopy: listing(MOST_CHILDREN - 1) });
    expect(failure).toBeUndefined();
    expect(visits.filter((step) => step === 'CopyParts')).toHaveLength(200);
    expect(stack.definitionOf('Replicate').States.CopyInParts).toMatchObject({ MaxConcurrency: MOST_CHILDREN });
    expect(() => parseInput({ copyWorkers: MOST_CHILDREN })).toThrow('copyWorkers');
    expect(parseInput({ copyWorkers: MOST_CHILDREN - 1 })).toMatchObject({ copyWorkers: 200 });
  });

  it('comes back to a worker while it is pending, with what that said last', async () => {
    const { events, visits } = await run('Replicate', {}, { SeedCopy: listing(1), CopyParts: pendingUntil(3) });
    expect(visits.filter((step) => step === 'CopyParts')).toHaveLength(3);
    expect(events.filter(({ state }) => state.step === 'CopyParts').at(-1)).toMatchObject({
      polls: true,
      state: { worker: 1, CopyParts: { verdict: 'pending' } },
    });
  });

  it('visits all workers once more while FinishParts is pending', async () => {
    const { visits, failure } = await run('Replicate', {}, { SeedCopy: listing(2), FinishParts: pendingUntil(3) });
    expect(failure).toBeUndefined();
    expect(visits.filter((step) => step === 'CopyParts')).toHaveLength(6);
    expect(visits.filter((step) => step === 'BuildCopied')).toHaveLength(3);
    expect(visits.slice(visits.lastIndexOf('FinishParts'))).toEqual(withoutReboot.slice(withoutReboot.indexOf('FinishParts')));
  });

  it.each(['CopyParts', 'BuildCopied'] as const)('goes on whatever %s says or fails with', async (step) => {
    const lies: Fake = () => ({ verdict: 'todo' as never });
    for (const fake of [fails('CannotConnect'), fails('TypeError'), fails('Sandbox.Timedout'), fails('TransientError'), lies]) {
      const { visits, failure } = await run('Replicate', {}, { SeedCopy: listing(2), [step]: fake });
      expect(failure).toBeUndefined();
      expect(visits.at(-1)).toBe('CompareData');
    }
  });

  it('tries a worker again after what passes, and ends it well with nothing but its number', async () => {
    const flaky: Fake = (event, visit) => (visit < 3 ? fails('TransientError')(event, visit) : { verdict: 'done' });
    const { visits } = await run('Replicate', {}, { SeedCopy: listing(1), CopyParts: flaky });
    expect(visits.filter((step) => step === 'CopyParts')).toHaveLength(3);
    const ends = statesOf(stack.definitionOf('Replicate')).filter(([name]) => /^(?:End|GiveUp)/.test(name));
    expect(ends.map(([name]) => name).toSorted()).toEqual(['EndBuildCopied', 'EndCopyParts', 'GiveUpBuildCopied', 'GiveUpCopyParts']);
    for (const [, state] of ends) expect(state).toEqual({ Type: 'Pass', Parameters: { 'worker.$': '$.worker' }, End: true });
  });

  it('is no part of a machine that switches, whose failed executions start Recovery', () => {
    for (const [machine] of SWITCHES) expect(statesOf(stack.definitionOf(machine)).filter(([, { Type }]) => Type === 'Map')).toEqual([]);
  });

  it('runs in child executions with histories of their own, of which every one may fail', () => {
    expect(stack.definitionOf('Replicate').States.CopyInParts).toMatchObject({
      Type: 'Map',
      Label: 'CopyInParts',
      ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' } },
      ItemsPath: '$.SeedCopy.evidence.workers',
      ToleratedFailurePercentage: 100,
      ResultPath: null,
      Next: 'FinishParts',
    });
  });
});

describe('an execution of Recovery', () => {
  it('visits LiftFence until it is done, with the name of the failed execution', async () => {
    const { visits, events, failure } = await run('Recovery', { execution: 'gone' }, { LiftFence: pendingUntil(3) });
    expect(failure).toBeUndefined();
    expect(visits).toEqual(['LiftFence', 'LiftFence', 'LiftFence']);
    expect(events[0]).toMatchObject({ input: { execution: 'gone' }, polls: true });
  });

  it('passes although a function wakes up for a minute (#9.18)', async () => {
    const asleep: Fake = (event, visit) => (visit <= 12 ? fails('Lambda.ResourceNotReadyException')(event, visit) : { verdict: 'done' });
    const { failure, visits } = await run('Recovery', { execution: 'gone' }, { LiftFence: asleep });
    expect(failure).toBeUndefined();
    expect(visits).toHaveLength(13);
  });

  it('retries where the failed execution is still listed as running (#9.19)', async () => {
    const stale: Fake = (event, visit) => (visit <= 3 ? fails('AlreadyRunning')(event, visit) : { verdict: 'done' });
    const { failure, visits } = await run('Recovery', { execution: 'gone' }, { LiftFence: stale });
    expect(failure).toBeUndefined();
    expect(visits).toHaveLength(4);
  });

  it('waits some minutes, and no longer, for an older execution that keeps running (#9.19)', async () => {
    const { failure, visits } = await run('Recovery', {}, { LiftFence: fails('AlreadyRunning', 'An older one runs.') });
    expect(failure).toEqual({ error: 'AlreadyRunning', cause: 'An older one runs.' });
    expect(visits).toHaveLength(19);
    const { Retry = [] } = stack.definitionOf('Recovery').States.LiftFence as { Retry?: readonly Readonly<Record<string, unknown>>[] };
    expect(Retry.filter(({ ErrorEquals }) => JSON.stringify(ErrorEquals) === '["AlreadyRunning"]')).toEqual([
      expect.objectContaining({ IntervalSeconds: 2, MaxAttempts: 18, BackoffRate: 2, MaxDelaySeconds: 60, JitterStrategy: 'FULL' }),
    ]);
  });

  it('reports why it failed', async () => {
    const { failure } = await run('Recovery', {}, { LiftFence: fails('CannotConnect', 'The source is gone.') });
    expect(failure).toEqual({ error: 'CannotConnect', cause: 'The source is gone.' });
  });
});

describe('every Choice state', () => {
  const choices = MACHINE_NAMES.flatMap((machine) =>
    statesOf(stack.definitionOf(machine)).flatMap(([, state]) => (state.Type === 'Choice' ? state.Choices : [])),
  );

  it("reads nothing but a step's verdict and the input, whether there are workers, and which step is a worker's", () => {
    const all = JSON.stringify(choices).match(/"\$[^"]*"/g) ?? [];
    const ofWorkers = ['"$.SeedCopy.evidence.workers[0]"', '"$.step"'];
    expect(all).toEqual(expect.arrayContaining(ofWorkers));
    const paths = all.filter((path) => !ofWorkers.includes(path));
    expect(paths.length).toBeGreaterThan(5);
    expect(paths.filter((path) => !/^"\$\.(?:[A-Z]\w+\.verdict|[a-z]\w+)"$/.test(path))).toEqual([]);
    const ofTheInput = paths.filter((path) => !path.endsWith('.verdict"')).map((path) => path.slice(3, -1));
    expect(ofTheInput.filter((key) => !Object.hasOwn(DEFAULT_INPUT, key))).toEqual([]);
  });
});

describe('every Task state', () => {
  const tasks = MACHINE_NAMES.flatMap((machine) =>
    statesOf(stack.definitionOf(machine)).flatMap(([name, state]) =>
      state.Type === 'Task' ? [{ name: `${machine} ${name}`, step: name as StepName, state }] : [],
    ),
  );
  const ofWorkers: ReadonlySet<StepName> = new Set(MACHINE_NAMES.flatMap(orderIn).flatMap(({ workers }) => workers?.steps ?? []));

  it.each(tasks.filter(({ step }) => ofWorkers.has(step)))('$name catches everything', ({ step, state }) => {
    expect(state.Catch).toEqual([{ ErrorEquals: ['States.ALL'], ResultPath: '$.failure', Next: `GiveUp${step}` }]);
  });

  it.each(tasks.filter(({ step }) => !ofWorkers.has(step)))('$name catches every error of ours by its name', ({ state }) => {
    const [ours, ...rest] = state.Catch ?? [];
    expect(ours?.ErrorEquals.toSorted()).toEqual([...ERROR_NAMES].sort());
    expect([[], [['States.ALL']]]).toContainEqual(rest.map(({ ErrorEquals }) => ErrorEquals));
  });

  it.each(tasks)('$name outlasts the waking of an inactive function, and retries a crash twice (#9.18)', ({ state }) => {
    const retrierOf = (name: string) => state.Retry?.find(({ ErrorEquals }) => ErrorEquals.includes(name));
    for (const name of AFTER_A_LONG_SLEEP.filter((each) => each.startsWith('Lambda.')))
      expect(retrierOf(name)).toBe(retrierOf('TransientError'));
    expect(retrierOf('Runtime.ExitError')).toMatchObject({ MaxAttempts: 2 });
    expect(retrierOf('Runtime.ExitError')).toBe(retrierOf('Lambda.Unknown'));
  });

  it.each(tasks)('$name outlasts a reboot or a failover of ten minutes', ({ state }) => {
    const retrier = state.Retry?.find(({ ErrorEquals }) => ErrorEquals.includes('TransientError'));
    const { IntervalSeconds = 1, BackoffRate = 2, MaxAttempts = 3, MaxDelaySeconds = Number.POSITIVE_INFINITY } = retrier ?? {};
    expect(retrier?.JitterStrategy).toBe('FULL');
    const bounds = Array.from({ length: MaxAttempts }, (_, attempt) => Math.min(MaxDelaySeconds, IntervalSeconds * BackoffRate ** attempt));
    const expected = bounds.reduce((sum, bound) => sum + bound / 2, 0); // full jitter: on average half of the bound
    expect(expected).toBeGreaterThan(15 * 60);
    expect(expected).toBeLessThan(30 * 60);
  });
});
