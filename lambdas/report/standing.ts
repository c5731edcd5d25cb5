/** Where a migration stands: who serves, whether it is cleaned up, and what came of its last executions. */
import type { SideName } from '../config/side-name.ts';
import type { MachineName } from '../engine/machines.ts';
import { fieldsOf, numberIn } from './evidence.ts';
import type { ExecutionHistory, MigrationHistory, Sample } from './history.ts';
import type { MigrationReport, SwitchReport } from './model.ts';

type Executions = readonly ExecutionHistory[];

export const NAMES = { source: 'Aurora', target: 'PlanetScale' } as const;

/** These move on; whatever else is started keeps what there is. */
const MOVING: readonly MachineName[] = ['Replicate', 'Cutover', 'Rollback'];

/** The first Cleanup after which nothing moved any more; undefined where there is none. */
function cleanupOf(executions: Executions): ExecutionHistory | undefined {
  const lastMove = executions.findLastIndex(({ machine }) => MOVING.includes(machine));
  return executions.slice(lastMove + 1).find(({ machine, status }) => machine === 'Cleanup' && status === 'SUCCEEDED');
}

export const wasCleaned = (executions: Executions): boolean => cleanupOf(executions) !== undefined;

/**
 * The side that serves by the last step that knew; undefined where none was switched. What Recovery completed is known from LiftFence alone. Once it is
 * cleaned up nothing in the databases knows it any more.
 */
export function servingOf(executions: Executions): SideName | undefined {
  const cleanup = cleanupOf(executions);
  const knowing = cleanup ? executions.slice(0, executions.indexOf(cleanup) + 1) : executions;
  const said = knowing.flatMap(({ evidence }) =>
    (['SwitchOver', 'SwitchBack', 'LiftFence', 'DropReplication'] as const).flatMap((step) => {
      const { serving, served } = fieldsOf(evidence[step]);
      return [serving, served].filter((side): side is SideName => side === 'source' || side === 'target');
    }),
  );
  return said.at(-1);
}

/** Executions that began to switch and of which nobody measured how long they kept writes waiting: cut off, refused by then, or completed later. */
export const attemptsOf = (executions: Executions): ExecutionHistory[] =>
  executions.filter(({ states, evidence }) =>
    (['SwitchOver', 'SwitchBack'] as const).some(
      (step) => states.some(({ name }) => name === step) && numberIn(fieldsOf(evidence[step]).downtimeMs) === null,
    ),
  );

const LEADS_TO: Readonly<Partial<Record<MachineName, SideName>>> = { Cutover: 'target', Rollback: 'source' };

/** Recovery starts by itself after a switch that ended badly, and says nothing of why it did. */
const settles = ({ machine, status }: ExecutionHistory): boolean =>
  status === 'SUCCEEDED' && (machine === 'Recovery' || machine === 'Rotation');

export function outcomeOf({ switches }: Pick<MigrationReport, 'switches'>, { executions }: MigrationHistory): MigrationReport['outcome'] {
  const acting = executions.filter((one) => one.machine !== 'Preflight' && one.machine !== 'Pace' && !settles(one));
  const last = acting.at(-1);
  if (!last) return { code: 'nothing moved', says: 'Nothing was moved: only Preflight has looked.' };
  const serving = servingOf(executions);
  const where = serving === undefined ? 'Aurora serves the application, as before.' : `${NAMES[serving]} serves the application.`;
  if (wasCleaned(executions)) return { code: 'cleaned up', says: `The migration is over and cleaned up. ${where}` };
  const isCompleted = serving !== undefined && LEADS_TO[last.machine] === serving && (serving === 'target' || switches.length > 0);
  if (last.status !== 'SUCCEEDED' && last.status !== 'RUNNING' && !isCompleted) {
    const how = last.status.toLowerCase().replace('_', ' ');
    return { code: 'failed', says: `${last.machine} ended ${how}${last.error ? `: ${last.error}` : ''}. ${where}` };
  }
  if (serving === 'target') return { code: 'on PlanetScale', says: `Switched. ${where}` };
  if (serving === 'source' && switches.length > 0) return { code: 'back on Aurora', says: `Switched and rolled back. ${where}` };
  const ready = acting.findLast(({ machine }) => machine === 'Replicate')?.status === 'SUCCEEDED';
  return ready
    ? { code: 'ready', says: `Everything is copied, compared and in step; Cutover may be started. ${where}` }
    : { code: 'copying', says: `The migration is under way. ${where}` };
}

/** Of samples of the stream that flows, those of the stream to the target: what Aurora keeps, and not what PlanetScale does. */
export function ofForward(samples: readonly Sample[], switches: readonly SwitchReport[]): readonly Sample[] {
  return samples.filter(([at]) => switches.findLast((one) => Date.parse(one.at) <= at)?.to !== 'target');
}
