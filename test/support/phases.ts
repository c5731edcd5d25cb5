/** How far a switch is, by what goes over the wire. */
import type { Moment } from './proxy.ts';

/** A moment on the wire to the side being left. */
export interface WireMoment {
  readonly statement: RegExp;
  readonly at: Moment;
}

/** When a fault strikes. */
export interface Phase extends WireMoment {
  readonly machine: 'Cutover' | 'Rollback';
  /** Whether the switch is committed by then. */
  readonly committed: boolean;
}

export const FENCE = /state = 'fenced', turn = /;
const COMMIT = /state = 'closed', commits = commits \+ 1/;

export const PHASES = {
  /** Everything is prepared, and nothing is fenced. */
  beforeTheFence: { machine: 'Cutover', statement: FENCE, at: 'request', committed: false },
  /** Fenced, and the function does not know it yet. */
  insideTheFence: { machine: 'Cutover', statement: FENCE, at: 'answer', committed: false },
  /** The commit has been sent, and the server has not seen it. */
  atTheCommit: { machine: 'Cutover', statement: COMMIT, at: 'request', committed: false },
  /** Committed, and the function does not know it yet. */
  afterTheCommit: { machine: 'Cutover', statement: COMMIT, at: 'answer', committed: true },
  /** Fenced to go back, and the function does not know it yet. */
  duringRollback: { machine: 'Rollback', statement: FENCE, at: 'answer', committed: false },
  /** Gone back, and the function does not know it yet. */
  afterTheRollback: { machine: 'Rollback', statement: COMMIT, at: 'answer', committed: true },
} as const satisfies Readonly<Record<string, Phase>>;
