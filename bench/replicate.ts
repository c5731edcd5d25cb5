/** The machine `Replicate` up to one of its steps, as benchmarks time it: on servers that are not managed, and polling faster than in production. */

import pg from 'pg';
import { clientConfig } from '../lambdas/adapters/postgres/client-config.ts';
import type { Json } from '../lambdas/config/json.ts';
import { REPLICATION_ROLE } from '../lambdas/config/names.ts';
import { newPassword } from '../lambdas/config/secrets.ts';
import type { StepResult } from '../lambdas/engine/contract.ts';
import type { StepName } from '../lambdas/engine/machines.ts';
import { noApplication, noHook, noMadeLogin } from '../lambdas/ports/application.ts';
import { noLimit } from '../lambdas/ports/concurrency.ts';
import type { ConnectionSettings } from '../lambdas/ports/connection-settings.ts';
import { noFunctions } from '../lambdas/ports/functions.ts';
import { WITHOUT_TOKEN } from '../lambdas/ports/planetscale.ts';
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
  /** Called when a visit of a step begins, and when it has ended without an error. */
  onVisit?(step: StepName): void;
  onVisited?(step: StepName, verdict: StepResult['verdict']): void;
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
      ...WITHOUT_TOKEN,
      applicationLogin: noMadeLogin,
      hook: noHook,
      functions: noFunctions,
      replication: { user: REPLICATION_ROLE, password: secret.password, host: source.host, port: source.port, sslmode: 'require' },
      wayBack: {},
      replicationSecret: secret,
      concurrency: noLimit,
    },
    pace: { budgetMs, pollMs: POLL_MS, retryMs: 500 },
    onVisit: (_, step) => told.onVisit?.(step),
    onVisited({ step, outcome }, { abort }) {
      if (!('verdict' in outcome)) return;
      told.onVisited?.(step, outcome.verdict);
      if (step === until && outcome.verdict === 'done') abort();
    },
  });
  const outcome = await execution.ended;
  if (outcome.failure) throw new Error(`Replicate failed: ${outcome.failure.error}: ${outcome.failure.cause}`);
  return outcome;
}

export async function withClient<Result>(settings: ConnectionSettings, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client(clientConfig(settings, 'benchmark'));
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Of this database, with their slots where the publisher is there. */
export async function dropSubscriptions(target: ConnectionSettings): Promise<void> {
  await withClient(target, async (client) => {
    const { rows } = await client.query(
      'select subname::text as name from pg_subscription where subdbid = (select oid from pg_database where datname = current_database())',
    );
    for (const { name } of rows) await client.query(`drop subscription ${client.escapeIdentifier(name)}`);
  });
}

/** Removes what is in the way of another `Replicate` from the same source. @param source as a role that may drop a slot, where one is left */
export async function tidyUp(source: ConnectionSettings, target: ConnectionSettings): Promise<void> {
  await dropSubscriptions(target);
  await withClient(source, async (client) => {
    await client.query('select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = current_database()');
    await client.query('drop publication if exists planetscale_migration');
    await client.query('drop schema if exists planetscale_migration cascade');
  });
}
