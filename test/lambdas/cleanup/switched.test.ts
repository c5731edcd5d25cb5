import { describe, expect, it } from 'vitest';
import { refusal, type SwitchState, servedBy } from '../../../lambdas/cleanup/switched.ts';
import type { SideName } from '../../../lambdas/config/side-name.ts';
import type { Gate, GateState } from '../../../lambdas/state/gates.sql.ts';

const gate = (state: GateState, epoch = 0, commits = 0): Gate => ({
  state,
  epoch,
  commits,
  calledOff: null,
  cancellations: 0,
  openedEpoch: null,
  told: [],
  execution: null,
  attempt: null,
  remainingMs: null,
  changedAt: new Date(0),
  report: null,
});
const NONE = undefined;
/** The source after one committed switch away from it. */
const LEFT = gate('closed', 1, 1);
/** The target after a committed switch back. */
const LEFT_AGAIN = gate('closed', 2, 1);

type Case = readonly [string, Gate | undefined, Gate | undefined, SideName | undefined, boolean];

describe("Cleanup's reading of the gates", () => {
  it.each<Case>([
    ['before any switch', NONE, NONE, undefined, true],
    ['a switch is prepared', gate('open'), gate('closed'), 'source', true],
    ['a switch has only begun to be prepared', gate('open'), gate('open'), 'source', false],
    ['the source is fenced', gate('fenced', 1), gate('closed'), 'source', true],
    ['a fence was lifted', gate('open', 3), gate('closed'), 'source', true],
    ['switched over', LEFT, gate('open'), 'target', false],
    ['switched over, and switches were called off', LEFT, gate('open', 4), 'target', false],
    ['the target is fenced', LEFT, gate('fenced', 2), 'target', false],
    ['switched back', gate('open', 1, 1), LEFT_AGAIN, 'source', false],
    ['switched back, and switches were called off', gate('open', 5, 1), LEFT_AGAIN, 'source', false],
    ['switched over again', gate('closed', 3, 2), gate('open', 2, 1), 'target', false],
    ['the source was cleaned alone, or is away; the target serves', NONE, gate('open'), 'target', false],
    ['the same, after the target was never opened', NONE, gate('closed'), 'source', true],
    ['the target was cleaned alone, or is away; it serves', LEFT, NONE, 'target', false],
    ['the same, after a switch that was not committed', gate('open', 1), NONE, 'source', true],
  ])('in the state %s: who serves, and whether the copy may be dropped', (_, source, target, served, mayDrop) => {
    const standing: SwitchState = { gates: { source, target }, complete: true, pointsAt: served };
    expect(servedBy(standing.gates)).toBe(served);
    expect(refusal(standing, false)).toBeUndefined();
    expect(refusal(standing, true) === undefined).toBe(mayDrop);
  });

  it.each([
    ['over', LEFT, gate('closed'), undefined, /switch to the target .*neither side/],
    ['back', LEFT, LEFT_AGAIN, undefined, /switch to the source .*neither side/],
    ['over, but for the secret', LEFT, gate('open'), 'source', /switch to the target .*leads to the source/],
    ['back, but for the secret', gate('open', 1, 1), LEFT_AGAIN, 'target', /switch to the source .*leads to the target/],
  ] as const)('refuses an incomplete switch: %s', (_, source, target, pointsAt, message) => {
    const standing: SwitchState = { gates: { source, target }, complete: true, pointsAt };
    expect(refusal(standing, false)).toMatch(message);
    expect(refusal({ ...standing, complete: false }, false)).toBeUndefined();
  });

  it("accepts the operator's word that the application leads elsewhere", () => {
    expect(refusal({ gates: { source: LEFT, target: gate('open') }, complete: true, pointsAt: 'elsewhere' }, false)).toBeUndefined();
  });
});
