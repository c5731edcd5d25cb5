/** A switch that is struck by a fault, from the first write to the last, and what must be true afterwards whatever the fault was. */
import { expect } from 'vitest';
import type { SideName } from '../../lambdas/contract.ts';
import type { MachineName } from '../../lib/machines.ts';
import type { Outcome } from '../../lib/rehearsal/machines/execution.ts';
import { auditWrites } from '../../lib/rehearsal/workload/audit-writes.ts';
import { placeOf } from '../../lib/rehearsal/workload/connection.ts';
import { OWN_SUBJECTS } from '../../lib/rehearsal/workload/own-subjects.ts';
import { startWorkload, type Workload } from '../../lib/rehearsal/workload/workload.ts';
import { FAULTS, type Fault, type FaultName, FENCE_SECONDS, type Scene } from './faults.ts';
import { killableFunctions } from './killable.ts';
import type { Moment, Trigger } from './proxy.ts';
import { acceptsWrites } from './straggler.ts';
import { otherSide, type Played, SIDES, type SwitchWorld } from './switching.ts';

/** Statements by which the wire knows how far a switch is; both go to the side being left. */
const FENCE = /state = 'fenced', turn = /;
const COMMIT = /state = 'closed', commits = commits \+ 1/;

/** When a fault strikes. */
export interface Phase {
  readonly machine: Extract<MachineName, 'Cutover' | 'Rollback'>;
  readonly statement: RegExp;
  readonly at: Moment;
  readonly committed: boolean;
}

export const PHASES = {
  /** Everything is prepared, and nothing is fenced. */
  beforeTheFence: { machine: 'Cutover', statement: FENCE, at: 'request', committed: false },
  /** Fenced, and the function does not know it yet. */
  insideTheFence: { machine: 'Cutover', statement: FENCE, at: 'answer', committed: false },
  /** Committed, and the function does not know it yet. */
  afterTheCommit: { machine: 'Cutover', statement: COMMIT, at: 'answer', committed: true },
  duringRollback: { machine: 'Rollback', statement: FENCE, at: 'answer', committed: false },
} as const satisfies Readonly<Record<string, Phase>>;

/** What a case ends in. */
export interface End {
  readonly status: Outcome['status'];
  /** Name of the error in the red box. */
  readonly error?: string;
  /** What the red box says. */
  readonly says?: RegExp;
  readonly serves: SideName;
}

export const workloadOf = ({ secret }: SwitchWorld): Workload => startWorkload({ secret, subjects: OWN_SUBJECTS, writers: 3, rate: 150 });

/** The application's role, asked on both sides, politely and not. */
export async function servingSides({ logins }: SwitchWorld): Promise<SideName[]> {
  const asked = await Promise.all(
    SIDES.map(async (side) => ({
      side,
      asked: await Promise.all([acceptsWrites(logins[side], true), acceptsWrites(logins[side], false)]),
    })),
  );
  for (const { side, asked: answers } of asked)
    expect(answers, `whether ${side} takes writes, politely and not`).toEqual([answers[0], answers[0]]);
  return asked.filter(({ asked: [takes] }) => takes).map(({ side }) => side);
}

/** Stops the writers, and looks for each of their writes at the side that serves. */
async function nothingIsLost({ world, logins }: SwitchWorld, writes: Workload, serving: SideName): Promise<void> {
  await writes.untilWritten(placeOf(logins[serving]), 5);
  await writes.stop();
  const audit = await auditWrites(writes.journal, OWN_SUBJECTS, world.pair[serving].superuser(world.database.name));
  expect({ ...audit, refusals: writes.journal.refusals }).toEqual({ lost: 0, duplicated: 0, refusals: [] });
}

/** From the side that serves to the other one, under writes and without a fault. */
export async function switchFrom(at: SwitchWorld, serving: SideName): Promise<void> {
  const writes = workloadOf(at);
  try {
    const { outcome } = await at.play(at.start(serving === 'source' ? 'Cutover' : 'Rollback'));
    expect(outcome.failure).toBeUndefined();
    expect(await servingSides(at)).toEqual([otherSide(serving)]);
    await nothingIsLost(at, writes, otherSide(serving));
  } finally {
    writes.abandon();
    await writes.stop();
  }
}

/** @returns what became of the struck execution; the source serves again afterwards, unless the fault is final */
export async function endure(at: SwitchWorld, phase: Phase, name: FaultName, end: End): Promise<Played> {
  const fault: Fault = FAULTS[name];
  if (phase.machine === 'Rollback') await switchFrom(at, 'source');
  const { played, scene } = await struck(at, phase, fault);
  try {
    const { outcome } = played;
    expect({ status: outcome.status, error: outcome.failure?.error, serves: await servingSides(at) }).toEqual({
      status: end.status,
      error: end.error,
      serves: [end.serves],
    });
    if (end.says) expect(outcome.failure?.cause).toMatch(end.says);
    expect(await at.secret.pointsAt()).toBe(end.serves);
    await nothingIsLost(at, scene.writes, end.serves);
    await stragglersLostNothing(scene, end.serves);
    await fault.mend?.(scene);
  } finally {
    await leave(scene);
  }
  if (!fault.final && end.serves === 'target') await switchFrom(at, 'target');
  return played;
}

/** To the end of everything that goes on because of the fault. */
async function struck(at: SwitchWorld, phase: Phase, fault: Fault): Promise<{ readonly played: Played; readonly scene: Scene }> {
  const leaving = phase.machine === 'Cutover' ? 'source' : 'target';
  const functions = killableFunctions();
  const writes = workloadOf(at);
  await writes.untilWritten(placeOf(at.logins[leaving]), 5);
  const armed: Trigger[] = [];
  const when = (statement: RegExp, moment: Moment, action: (scene: Scene) => Promise<void> | void) =>
    armed.push(at.proxies[leaving].when(statement, moment, () => action(scene)));
  const { prepare } = fault;
  if (prepare) when(FENCE, 'request', prepare);
  when(phase.statement, phase.at, fault.strike);
  const started = at.start(phase.machine, { fenceSeconds: FENCE_SECONDS }, fault.killable ? { invoke: functions.invoke } : {});
  const scene: Scene = {
    ...{ at, leaving, arriving: otherSide(leaving), started, functions, writes, committed: phase.committed },
    ...{ meanwhile: [], stragglers: [] },
  };
  try {
    const played = await at.play(started);
    expect(armed.map(({ fired }) => fired)).toEqual(armed.map(() => true));
    await Promise.all(armed.map(({ done }) => done));
    await Promise.all(scene.meanwhile);
    return { played, scene };
  } catch (error) {
    await leave(scene);
    throw error;
  }
}

async function stragglersLostNothing({ at, stragglers }: Scene, serving: SideName): Promise<void> {
  for (const straggler of stragglers) {
    await straggler.stop();
    const found = await at.world[serving](`select request_id from rehearsal_workload.entry where request_id like 'straggler-%'`);
    const there = new Set(found.map(({ request_id }) => request_id));
    expect(straggler.acknowledged.filter((token) => !there.has(token))).toEqual([]);
  }
}

/** Nothing of a case goes on in the next one. */
async function leave({ at, writes, stragglers, meanwhile }: Scene): Promise<void> {
  for (const proxy of Object.values(at.proxies)) {
    proxy.disarm();
    proxy.heal();
  }
  writes.abandon();
  await Promise.allSettled([writes.stop(), ...stragglers.map((straggler) => straggler.stop()), ...meanwhile]);
}
