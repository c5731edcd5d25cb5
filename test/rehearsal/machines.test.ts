import { StateMachine } from 'aws-local-stepfunctions';
import { describe, expect, it } from 'vitest';
import { NotReady, TransientError } from '../../lambdas/config/errors.ts';
import { MACHINE_NAMES, MACHINES, stepsOf } from '../../lambdas/engine/machines.ts';
import { steps } from '../../lambdas/steps/index.ts';
import { FunctionError } from '../../rehearsal/machines/local-function.ts';
import { recoveryAfter } from '../../rehearsal/machines/recovery.ts';
import { ExecutionRegistry } from '../../rehearsal/machines/registry.ts';
import { synthesizeMachines } from '../../rehearsal/machines/synthesize.ts';

describe('machines from the template', () => {
  const machines = synthesizeMachines();

  it('have a function behind every Task state, which runs the step of its name', () => {
    for (const [name, machine] of Object.entries(machines)) {
      expect(Object.keys(machine.functions).toSorted()).toEqual(stepsOf(MACHINES[name as keyof typeof MACHINES]).toSorted());
      for (const [state, { step }] of Object.entries(machine.functions)) expect(step).toBe(state);
    }
    expect(Object.keys(machines.Replicate.functions).every((step) => Object.hasOwn(steps, step))).toBe(true);
  });

  it('are valid for the interpreter', () => {
    for (const { definition } of Object.values(machines)) expect(() => new StateMachine(definition)).not.toThrow();
  });

  it('are complete', () => {
    expect(Object.keys(machines)).toEqual(MACHINE_NAMES);
  });

  it('are marked as acting or not', () => {
    for (const name of MACHINE_NAMES) expect(machines[name].acts).toBe(name !== 'Preflight' && name !== 'Pace');
  });
});

describe('errors of functions in the rehearsal', () => {
  it('have the format of Lambda', () => {
    const error = new FunctionError('NotReady', 'One "thing"\nstands in the way');
    expect(error.name).toBe('NotReady');
    expect(JSON.parse(error.message)).toEqual({ errorType: 'NotReady', errorMessage: 'One "thing"\nstands in the way', trace: [] });
    expect([new NotReady('').name, new TransientError('').name]).toEqual(['NotReady', 'TransientError']);
  });
});

describe('the registry of executions', () => {
  it('refuses the younger of two acting executions, and admits those that only read', async () => {
    const registry = new ExecutionRegistry();
    registry.begin({ name: 'looks', acts: false });
    registry.begin({ name: 'first', acts: true });
    registry.begin({ name: 'second', acts: true });
    registry.begin({ name: 'looks too', acts: false });
    const older = (name: string) => registry.viewOf(name).older();
    expect(await Promise.all(['looks', 'first', 'second', 'looks too'].map(older))).toEqual([undefined, undefined, 'first', undefined]);
    registry.end('first');
    expect(await older('second')).toBeUndefined();
  });

  it('skips an execution known to have ended, and knows which ended because an older one ran (#9.19)', async () => {
    const registry = new ExecutionRegistry();
    for (const name of ['first', 'second']) registry.begin({ name, acts: true });
    const { older, steppedAside } = registry.viewOf('second');
    expect([await older('first'), await older('another')]).toEqual([undefined, 'first']);
    registry.end('first', 'SwitchFailed');
    registry.end('second', 'AlreadyRunning');
    expect([await steppedAside('first'), await steppedAside('second')]).toEqual([false, true]);
  });
});

describe("the rehearsal's rule that starts Recovery", () => {
  it('follows every switch that did not succeed, and nothing else', () => {
    const recovery = (name: string, status: 'SUCCEEDED' | 'FAILED' | 'ABORTED') => recoveryAfter({ name, status, execution: 'the one' });
    for (const name of ['Cutover', 'Rollback']) {
      expect([recovery(name, 'FAILED'), recovery(name, 'ABORTED'), recovery(name, 'SUCCEEDED')]).toEqual([
        { execution: 'the one' },
        { execution: 'the one' },
        undefined,
      ]);
    }
    for (const name of ['Preflight', 'Replicate', 'Recovery', 'Cleanup']) expect(recovery(name, 'FAILED')).toBeUndefined();
  });
});
