import { describe, expect, it } from 'vitest';
import { CUTOVER, ROLLBACK } from '../../../lambdas/config/direction.ts';
import {
  Defect,
  type MigrationError,
  StatementFailed,
  SwitchFailed,
  SwitchIncomplete,
  TransientError,
} from '../../../lambdas/config/errors.ts';
import { parseInput } from '../../../lambdas/config/input.ts';
import type { StepEvent } from '../../../lambdas/engine/contract.ts';
import { type AnyStep, runStep } from '../../../lambdas/engine/step.ts';
import { unexpected, wordsOfForeign } from '../../../lambdas/engine/unexpected.ts';
import { visitStep } from '../../../lambdas/handlers/visit.ts';
import type { Bindings } from '../../../lambdas/ports/bindings.ts';
import { INSUFFICIENT_PRIVILEGE } from '../../../lambdas/postgres/sqlstates.ts';
import type { Gates } from '../../../lambdas/state/gates.ts';
import { STEP_NAMES, stepNamed } from '../../../lambdas/steps/index.ts';
import { namingServedSide, namingServingSide } from '../../../lambdas/switch/switching.ts';
import { silent } from '../../support/world.ts';

const planted = (): never => {
  throw new TypeError("Cannot read properties of undefined (reading 'toISOString')");
};
const refused = (): never => {
  throw new StatementFailed('permission denied for table t', { code: INSUFFICIENT_PRIVILEGE, hint: 'Ask its owner.' });
};

/** The error of one visit of a step of which some parts are replaced. */
const failing = (name: string, parts: Partial<AnyStep>): Promise<MigrationError> =>
  runStep(
    name,
    { needs: [], inspect: async () => ({}), judge: () => 'todo', act: async () => undefined, evidence: () => null, ...parts } as AnyStep,
    { state: {}, execution: 'test' },
    { input: parseInput({}), looking: {} as never, acting: {} as never, remainingMs: () => 1000, log: silent, now: Date.now },
  ).then(
    () => expect.unreachable(),
    (error) => error,
  );

describe('an unexpected error (#11)', () => {
  it.each(STEP_NAMES)('of %s inspecting becomes a Defect that names the step and says that nothing was changed', async (name) => {
    const { judge, evidence } = stepNamed(name);
    const error = await failing(name, { judge, evidence, inspect: async () => planted() });
    expect(error).toBeInstanceOf(Defect);
    expect(error.message).toContain(`${name} stopped while it looked, which changes nothing.`);
    expect(error.message).toContain("TypeError: Cannot read properties of undefined (reading 'toISOString')");
    expect(error.message).toContain('Start the machine again');
  });

  it.each(STEP_NAMES.filter((name) => stepNamed(name).act))('of %s acting says what an interrupted act leaves', async (name) => {
    const { interrupted } = stepNamed(name);
    expect(interrupted).toMatch(/^[A-Z].+\.$/);
    const error = await failing(name, { interrupted: interrupted ?? '', act: async () => planted() });
    expect(error).toBeInstanceOf(Defect);
    expect(error.message).toMatch(new RegExp(`^${name} stopped while it acted\\. [A-Z][^.]+`));
    expect(error.message).toContain(` ${interrupted} `);
  });

  it('in the judgement, the evidence or the second inspection is reported with its phase', async () => {
    let inspections = 0;
    const { interrupted = '' } = stepNamed('SyncSequences');
    const second = async () => {
      inspections += 1;
      return inspections === 2 ? planted() : {};
    };
    expect((await failing('SyncSequences', { interrupted, inspect: second })).message).toContain(
      'SyncSequences stopped after it had acted, while it looked whether that took effect. Some sequences of the target may be set ahead',
    );
    expect((await failing('SyncSequences', { judge: planted })).message).toContain('while it looked');
    expect((await failing('SyncSequences', { judge: () => 'done', evidence: planted })).message).toContain('while it looked');
  });

  it('of a server keeps its name and its code, with the step, the change and the remedy', async () => {
    const error = await failing('CopySchema', { interrupted: stepNamed('CopySchema').interrupted ?? '', act: async () => refused() });
    expect(error).toMatchObject({ name: 'StatementFailed', complaint: { code: INSUFFICIENT_PRIVILEGE } });
    expect(error.message).toBe(
      'CopySchema stopped while it acted. The schema is copied in one transaction, which was rolled back: the target is as it was, and the ' +
        'source was only read. A server refused a statement: permission denied for table t (42501). Its hint: Ask its owner. Remove the cause ' +
        'that is named, then start the machine again; it continues where it stopped.',
    );
  });

  it('is unchanged where it names its remedy or is retried', async () => {
    const explained = new StatementFailed('All is said.', {}, { isExplained: true });
    const passing = new TransientError('not now');
    for (const error of [explained, passing]) {
      const thrown = async () => {
        throw error;
      };
      expect(await failing('AwaitCopy', { inspect: thrown })).toBe(error);
    }
  });

  it('shows no value that an engine or a library quotes, and keeps the stack for the log', () => {
    const lines: unknown[] = [];
    const quoting = [
      () => JSON.parse('{"password": canary}'),
      () => BigInt('canary'),
      () => {
        throw Object.assign(new TypeError('Received canary'), { code: 'ERR_INVALID_ARG_VALUE' });
      },
      () => {
        throw 'canary';
      },
    ];
    for (const quote of quoting) {
      try {
        quote();
      } catch (error) {
        const { message } = unexpected(error, 'AwaitCopy', 'looking', { warn: (...line) => lines.push(line) });
        expect(message).not.toContain('canary');
        expect(message).toContain('AwaitCopy');
      }
    }
    expect(JSON.stringify(lines)).not.toContain('canary');
    expect(JSON.stringify(lines)).toContain('unexpected.test.ts');
    expect(wordsOfForeign(new RangeError('Invalid time value'))).toBe('RangeError: Invalid time value');
  });

  it('before the step begins says that nothing was changed', async () => {
    const event: StepEvent = { input: {}, state: {}, execution: 'e', executionArn: 'arn', startedAt: '', polls: true };
    const bindings = async (): Promise<Partial<Bindings>> => planted();
    const visit = visitStep('CopySchema', event, { bindings, remainingMs: () => 1000, log: silent });
    await expect(visit).rejects.toMatchObject({ name: 'Defect', message: expect.stringContaining('Nothing was touched by this visit') });
  });
});

describe('an unexpected error of a switch (#11)', () => {
  const gate = (state: string, changes: object = {}) => ({ state, epoch: 1, commits: 0, openedEpoch: null, ...changes });
  const gates = (source: object | undefined, target: object | undefined): Gates => ({ source, target }) as Gates;
  const committed = gates(gate('closed', { commits: 1 }), gate('open', { openedEpoch: 1 }));
  const fenced = gates(gate('fenced'), gate('closed'));
  const side = (of: object | undefined) => ({
    query: async (asked: { text: string }) => [asked.text.includes('to_regclass') ? { exists: of } : of],
  });
  const sides = ({ source, target }: Gates) => ({ source: side(source), target: side(target) }) as never;

  it.each([
    ['committed', CUTOVER, committed, SwitchIncomplete, /^The switch to the target is committed.*TypeError.*start Recovery/],
    ['fenced', CUTOVER, fenced, SwitchFailed, /commit point was not passed, the source is fenced for now.*served by the source.*TypeError/],
    ['not begun', CUTOVER, gates(undefined, undefined), SwitchFailed, /not passed, nothing is fenced, .* served by the source/],
    ['back, not begun', ROLLBACK, committed, SwitchFailed, /not passed, nothing is fenced, .* served by the target/],
  ] as const)('says who serves where the switch is %s', async (_, direction, found, kind, says) => {
    const error = await namingServingSide(direction, sides(found), async () => planted()).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(kind);
    expect(error.message).toMatch(says);
    expect(() => namingServedSide(direction, found, planted)).toThrow(kind);
  });

  it('says that the serving side is unknown without a gate, and passes on our own errors', async () => {
    await expect(namingServingSide(CUTOVER, { source: {}, target: {} } as never, async () => refused())).rejects.toThrow(
      /could not be asked whether the switch was committed.*permission denied for table t \(42501\)/,
    );
    const ours = new SwitchFailed('Nothing was fenced.');
    await expect(namingServingSide(CUTOVER, sides(committed), () => Promise.reject(ours))).rejects.toBe(ours);
  });
});
