import { describe, expect, expectTypeOf, it } from 'vitest';
import { DEFAULT_INPUT, INPUT_ENTRIES, keysUnknownTo, type MigrationInput, parseInput } from '../../../lambdas/config/input.ts';
import { MACHINE_NAMES, type MachineName } from '../../../lambdas/config/machine-names.ts';
import { MACHINES, machinesStarted, machinesWith, type StepName, stepsOf } from '../../../lambdas/engine/machines.ts';
import { STEP_NAMES } from '../../../lambdas/steps/index.ts';

type Key = keyof MigrationInput;
const RECOVERY = ['execution'] satisfies Key[];
const CLEANUP = ['lost', 'target'] satisfies Key[];
const RESTART = ['restart'] satisfies Key[];
const COPY = ['copy', 'copyWorkers', 'partBytes'] satisfies Key[];
const FORECAST = [
  ...(['forecastSeconds', 'forecastMegabytesPerSecond', 'forecastIndexMegabytesPerSecond'] as const),
  ...(['forecastDays', 'forecastDollarsPerTerabyte'] as const),
] satisfies Key[];
const FENCE = ['fenceSeconds', 'verify', 'harmlessRoles'] satisfies Key[];

/** What an execution of each machine is refused for. */
const REFUSED: Readonly<Record<MachineName, readonly Key[]>> = {
  Preflight: [...FENCE, ...RECOVERY, ...CLEANUP],
  Replicate: [...FORECAST, ...FENCE, ...RECOVERY, ...CLEANUP],
  Pace: [...FORECAST, 'copy', 'partBytes', 'reverse', 'trustCode', ...FENCE, ...RECOVERY, ...CLEANUP, ...RESTART],
  Cutover: [...FORECAST, ...COPY, ...RECOVERY, ...CLEANUP, ...RESTART],
  Rollback: [...FORECAST, ...COPY, ...RECOVERY, ...CLEANUP, ...RESTART],
  Recovery: [...FORECAST, ...COPY, ...CLEANUP, ...RESTART],
  Rotation: [...FORECAST, ...COPY, 'reverse', 'trustCode', ...FENCE, ...RECOVERY, ...CLEANUP, ...RESTART],
  Cleanup: [...FORECAST, ...COPY, 'reverse', 'trustCode', ...FENCE, ...RECOVERY],
};

/** As of an execution in an account. */
const arnOf = (machine: MachineName): string => `arn:aws:states:eu-central-1:111122223333:execution:My-stack-${machine}:one`;
const refusedBy = (step: StepName, executionArn: string): Key[] => sorted(keysUnknownTo(machinesStarted(step, executionArn)));

const sorted = (keys: readonly Key[]): Key[] => [...keys].sort();

describe('the keys of the input', () => {
  it.each(MACHINE_NAMES)('that %s does not know are refused by its first step', (machine) => {
    expect(sorted(keysUnknownTo([machine]))).toEqual(sorted(REFUSED[machine]));
    const [first = 'LiftFence'] = stepsOf(MACHINES[machine]);
    expect(refusedBy(first, arnOf(machine))).toEqual(sorted(REFUSED[machine]));
  });

  it.each(STEP_NAMES)('that the machine which was started does not know are refused by %s, and no other', (step) => {
    for (const machine of machinesWith(step)) expect(refusedBy(step, arnOf(machine))).toEqual(sorted(REFUSED[machine]));
  });

  it('are refused where no machine of a step knows them, whatever its executions are named', () => {
    for (const arn of ['arn', arnOf('Preflight'), 'arn:aws:states:eu-central-1:111122223333:execution:other:one'])
      expect(refusedBy('CompareData', arn)).toEqual(sorted([...RECOVERY, ...CLEANUP, ...FORECAST]));
  });

  it.each(INPUT_ENTRIES)(
    'give %s a default that its own parser accepts, or describe it in words',
    (key, { parse, default: fallback, otherwise }) => {
      if (otherwise === undefined) expect(parse(fallback)).toEqual(fallback);
      else expect(() => parseInput({ [key]: fallback })).toThrow(`"${key}"`);
    },
  );

  it('have types from their entries', () => {
    expectTypeOf<MigrationInput['excludeSchemas']>().toEqualTypeOf<readonly string[]>();
    expectTypeOf<MigrationInput['searchPath']>().toEqualTypeOf<'source' | 'as-is'>();
    expectTypeOf<MigrationInput['indexWorkers']>().toEqualTypeOf<number>();
    expectTypeOf<MigrationInput['reverse']>().toEqualTypeOf<boolean | 'unsaid'>();
    expectTypeOf<MigrationInput['lost']>().toEqualTypeOf<'source' | 'target' | undefined>();
  });

  it('all have a value for an empty input', () => {
    expect(Object.keys(parseInput({})).sort()).toEqual(Object.keys(DEFAULT_INPUT).sort());
    expect(parseInput({})).toMatchObject({
      reboot: 'wait',
      reverse: 'unsaid',
      roles: 'carry',
      trustCode: false,
      sequenceMargin: 10_000,
      execution: undefined,
      target: 'keep',
    });
  });
});
