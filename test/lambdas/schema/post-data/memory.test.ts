import { expect, it } from 'vitest';
import { builderSettings } from '../../../../lambdas/schema/post-data/memory.ts';

const MB = 1_048_576;
const settings = (sharedMB: number, workMB: number, workerProcesses: number) => ({
  sharedBuffers: sharedMB * MB,
  maintenanceWorkMem: workMB * MB,
  parallelWorkers: 2,
  workerProcesses,
});

it.each([
  // A machine with 1 GB of memory and 4 processes: an eighth of it for both builders, without parallel workers.
  [settings(256, 16, 4), 2, { bytes: 64 * MB, parallelWorkers: 0 }],
  [settings(256, 16, 10), 2, { bytes: 64 * MB, parallelWorkers: 2 }],
  [settings(256, 16, 10), 4, { bytes: 32 * MB, parallelWorkers: 1 }],
  // What the administrator allows is never lowered.
  [settings(256, 128, 4), 32, { bytes: 128 * MB, parallelWorkers: 0 }],
  [settings(65_536, 64, 40), 2, { bytes: 1024 * MB, parallelWorkers: 2 }],
  [settings(256, 16, 1), 1, { bytes: 128 * MB, parallelWorkers: 0 }],
])('case %#: gives each builder its share of maintenance_work_mem', (target, builders, expected) => {
  expect(builderSettings(target, builders)).toEqual(expected);
});
