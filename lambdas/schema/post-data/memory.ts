/** Memory and processes that a builder may take. */
import type { BuildSettings } from './post-data.sql.ts';

const MB = 1_048_576;
/** A sort that does not fit into this leaves a few large runs, which are merged in one pass: more memory gains little. */
const MOST_MEMORY = 1024 * MB;
/** The launcher, the apply worker and two parallel apply workers of the subscription must find a free process while we build. */
const PROCESSES_OF_REPLICATION = 4;

export interface BuilderSettings {
  /** maintenance_work_mem; parallel workers share it with their leader, so it counts once a session. */
  readonly bytes: number;
  readonly parallelWorkers: number;
}

/**
 * All builders together take half of shared_buffers at most, or what the administrator allows them anyway. Managed servers give
 * shared_buffers a quarter of their memory, so that is an eighth of it: 128 MB of a machine with 1 GB, two builders with 64 MB each.
 * Parallel workers are taken from max_worker_processes, which is 4 on small PlanetScale sizes: those build without any.
 */
export function builderSettings(target: BuildSettings, builders: number): BuilderSettings {
  const share = Math.floor(target.sharedBuffers / 2 / builders);
  const spare = Math.max(0, target.workerProcesses - PROCESSES_OF_REPLICATION);
  return {
    bytes: Math.max(target.maintenanceWorkMem, Math.min(share, MOST_MEMORY)),
    parallelWorkers: Math.min(target.parallelWorkers, Math.floor(spare / builders)),
  };
}
