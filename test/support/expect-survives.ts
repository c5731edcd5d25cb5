/** A switch that is struck by a fault, from the first write to the last, and what must be true afterwards whatever the fault was. */
import { expect } from 'vitest';
import { subscriptionName } from '../../lambdas/config/names.ts';
import type { SideName } from '../../lambdas/config/side-name.ts';
import type { Outcome } from '../../rehearsal/machines/execution.ts';
import { auditWrites } from '../../rehearsal/workload/audit-writes.ts';
import { placeOf } from '../../rehearsal/workload/connection.ts';
import { OWN_SUBJECTS } from '../../rehearsal/workload/own-subjects.ts';
import { startWorkload, type Workload } from '../../rehearsal/workload/workload.ts';
import type { Fault, FaultContext } from './faults.ts';
import { killableFunctions } from './killable.ts';
import { FENCE, type Phase } from './phases.ts';
import { eventually } from './replicated.ts';
import { acceptsWrites } from './straggler.ts';
import { consentTo, otherSide, type Played, SIDES, type SwitchWorld } from './switching.ts';

/** Seconds that a fence may last, where the fault does not make it last: as long as a switch may need on a busy machine. */
const FENCE_SECONDS = 30;

/** What a case ends in. */
export interface End {
  readonly status: Outcome['status'];
  /** Name of the error in the red box, and what it says happened. */
  readonly error?: string;
  readonly says?: RegExp;
  readonly serves: SideName;
  /** Whether the other side can still be switched to. @default - as the fault says */
  readonly final?: boolean;
}

/** The source serves before, and afterwards again, unless the fault is final. */
export async function expectSurvives(at: SwitchWorld, phase: Phase, fault: Fault, end: End): Promise<void> {
  if (phase.machine === 'Rollback' && (await at.secret.pointsAt()) === 'source') await switchFrom(at, 'source');
  const { played, context } = await struck(at, phase, fault);
  try {
    await endedAs(context, played, end);
    await fault.mend?.(context);
  } finally {
    await leave(context);
  }
  if (end.final ?? fault.final) await goesNowhere(at, end.serves);
  else if (end.serves === 'target') await switchFrom(at, 'target');
}

/** To the end of everything that goes on because of the fault. */
async function struck(at: SwitchWorld, phase: Phase, fault: Fault): Promise<{ readonly played: Played; readonly context: FaultContext }> {
  const from = phase.machine === 'Cutover' ? 'source' : 'target';
  const functions = killableFunctions();
  const writes = applicationOf(at);
  await writes.untilWritten(placeOf(at.logins[from]), 5);
  const { prepare, strike } = fault;
  const { statement, at: moment } = fault.instead?.(phase) ?? phase;
  await streams(at, from);
  const wire = at.proxies[from];
  const armed = [
    ...(prepare ? [wire.when(FENCE, 'request', () => prepare(context))] : []),
    wire.when(statement, moment, () => strike(context)),
  ];
  const input = { fenceSeconds: fault.fenceSeconds ?? FENCE_SECONDS, ...consentTo(phase.machine) };
  const started = at.start(phase.machine, input, fault.killable ? { invoke: functions.invoke } : {});
  const context: FaultContext = {
    ...{ at, from, to: otherSide(from), started, functions, writes, committed: phase.committed },
    ...{ meanwhile: [], stragglers: [] },
  };
  try {
    const played = await at.play(started);
    expect(armed.map(({ fired }) => fired)).toEqual(armed.map(() => true));
    await Promise.all(armed.map(({ done }) => done));
    await Promise.all(context.meanwhile);
    return { played, context };
  } catch (error) {
    await leave(context);
    throw error;
  }
}

async function endedAs(context: FaultContext, { outcome, recoveries }: Played, end: End): Promise<void> {
  const { at, writes } = context;
  const { status, failure } = outcome;
  expect({ status, error: failure?.error, serve: await servingSides(at) }, failure?.cause).toEqual({
    ...{ status: end.status, error: end.error, serve: [end.serves] },
  });
  if (failure) {
    expect(failure.cause).toMatch(end.says ?? /./);
    expect(failure.cause).toContain(`Nothing was switched`);
    expect(failure.cause).toContain(`the application goes on at the ${end.serves}`);
    expect(failure.cause).toMatch(/start the machine again/i);
  }
  expect(recoveries.map((recovery) => recovery.status)).toEqual(status === 'SUCCEEDED' ? [] : ['SUCCEEDED']);
  expect(await at.secret.pointsAt()).toBe(end.serves);
  await nothingIsLost(at, writes, end.serves);
  await stragglersLostNothing(context, end.serves);
}

/** From the side that serves to the other one, under writes and without a fault. */
export async function switchFrom(at: SwitchWorld, serving: SideName): Promise<void> {
  const writes = applicationOf(at);
  try {
    await streams(at, serving);
    const machine = serving === 'source' ? 'Cutover' : 'Rollback';
    const { outcome } = await at.play(at.start(machine, consentTo(machine)));
    expect(outcome.failure?.cause).toBeUndefined();
    expect(await servingSides(at)).toEqual([otherSide(serving)]);
    await nothingIsLost(at, writes, otherSide(serving));
  } finally {
    writes.abandon();
    await writes.stop();
  }
}

/** What one side has can not be brought to the other any more, and no switch tries to. */
async function goesNowhere(at: SwitchWorld, serving: SideName): Promise<void> {
  const machine = serving === 'source' ? 'Cutover' : 'Rollback';
  const { outcome } = await at.play(at.start(machine, { verify: 'fence', ...consentTo(machine) }));
  expect(outcome.failure?.error, outcome.failure?.cause).toMatch(/^(DataDiffers|CutoverRefused|RollbackRefused|SwitchFailed)$/);
  expect(await servingSides(at)).toEqual([serving]);
}

export const applicationOf = ({ secret }: SwitchWorld): Workload => startWorkload({ secret, subjects: OWN_SUBJECTS, writers: 3, rate: 75 });

/** What is written at the side that serves flows to the other one: a fault may have interrupted it, and a switch wants it uninterrupted. */
async function streams({ world, sql }: SwitchWorld, serving: SideName): Promise<void> {
  const slot = subscriptionName(world.database.name, serving === 'source' ? 'forward' : 'reverse');
  await eventually(async () => (await sql[serving]('select from pg_replication_slots where slot_name = $1 and active', [slot])).length > 0);
}

/** The application's role, asked on both sides, politely and not. */
async function servingSides({ logins }: SwitchWorld): Promise<SideName[]> {
  const serving: SideName[] = [];
  for (const side of SIDES) {
    const politely = await acceptsWrites(logins[side], true);
    expect(await acceptsWrites(logins[side], false), `whether the ${side} takes writes from those who insist, as from others`).toBe(
      politely,
    );
    if (politely) serving.push(side);
  }
  return serving;
}

/** Stops the writers, and looks for each of their writes at the side that serves. */
export async function nothingIsLost({ world, logins }: SwitchWorld, writes: Workload, serving: SideName): Promise<void> {
  await writes.untilWritten(placeOf(logins[serving]), 5);
  await writes.stop();
  const audit = await auditWrites(writes.journal, OWN_SUBJECTS, world.pair[serving].superuser(world.database.name));
  expect({ ...audit, refusals: writes.journal.refusals }).toEqual({ lost: 0, duplicated: 0, refusals: [] });
}

async function stragglersLostNothing({ at, stragglers }: FaultContext, serving: SideName): Promise<void> {
  for (const straggler of stragglers) {
    await straggler.stop();
    const found = await at.sql[serving](`select request_id from rehearsal_workload.entry where request_id like 'straggler-%'`);
    const there = new Set(found.map(({ request_id }) => request_id));
    expect(straggler.acknowledged.filter((token) => !there.has(token))).toEqual([]);
  }
}

/** Nothing of a case goes on in the next one. */
async function leave({ at, writes, stragglers, meanwhile }: FaultContext): Promise<void> {
  for (const proxy of Object.values(at.proxies)) {
    proxy.disarm();
    proxy.heal();
  }
  writes.abandon();
  await Promise.allSettled([writes.stop(), ...stragglers.map((straggler) => straggler.stop()), ...meanwhile]);
}
