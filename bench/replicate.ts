/** The machine `Replicate` up to one of its steps, as benchmarks time it: on servers that are not managed, and polling faster than in production. */

import type { Json } from '../lambdas/config/json.ts';
import { REPLICATION_ROLE } from '../lambdas/config/names.ts';
import { newPassword } from '../lambdas/config/secrets.ts';
import type { StepName } from '../lambdas/engine/machines.ts';
import { noApplication, noHook, noMadeLogin } from '../lambdas/ports/application.ts';
import type { ConnectionSettings } from '../lambdas/ports/connection-settings.ts';
import { noFunctions } from '../lambdas/ports/functions.ts';
import { unmanagedCluster } from '../rehearsal/aurora-stand-in.ts';
import { replicationSecret } from '../rehearsal/bindings.ts';
import { type Outcome, startExecution } from '../rehearsal/machines/execution.ts';
import { ExecutionRegistry } from '../rehearsal/machines/registry.ts';
import { synthesizeMachines } from '../rehearsal/machines/synthesize.ts';

/** The others that are compared do not poll at all. */
export const POLL_MS = 100;

export interface Replicating {
  readonly source: ConnectionSettings;
  readonly target: ConnectionSettings;
  readonly input: Readonly<Record<string, Json>>;
  /** The step after which it is stopped. */
  readonly until: StepName;
  /** Milliseconds of one visit. @default - one minute */
  readonly budgetMs?: number;
  /** Called when a visit of a step begins, and when it has ended. */
  onVisit?(step: StepName): void;
  onVisited?(step: StepName): void;
}

const machines = synthesizeMachines(); // in production done long before, by `cdk deploy`

/** @throws where it fails before that step is done */
export async function replicate({ source, target, input, until, budgetMs = 60_000, ...told }: Replicating): Promise<Outcome> {
  const secret = replicationSecret(newPassword());
  const execution = startExecution({
    machine: machines.Replicate,
    name: 'benchmark',
    input,
    registry: new ExecutionRegistry(),
    places: {
      source,
      target,
      cluster: unmanagedCluster,
      application: noApplication,
      applicationLogin: noMadeLogin,
      hook: noHook,
      functions: noFunctions,
      replication: { user: REPLICATION_ROLE, password: secret.password, host: source.host, port: source.port, sslmode: 'require' },
      wayBack: {},
      replicationSecret: secret,
    },
    pace: { budgetMs, pollMs: POLL_MS, retryMs: 500 },
    onVisit: (_, step) => told.onVisit?.(step),
    onVisited({ step, outcome }, { abort }) {
      told.onVisited?.(step);
      if (step === until && 'verdict' in outcome && outcome.verdict === 'done') abort();
    },
  });
  const outcome = await execution.ended;
  if (outcome.failure) throw new Error(`Replicate failed: ${outcome.failure.error}: ${outcome.failure.cause}`);
  return outcome;
}
