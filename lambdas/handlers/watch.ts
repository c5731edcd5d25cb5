/** The entry of the watch, called each minute. It reads the databases only while a migration is open, and never writes. */
import { resolveBindings } from '../adapters/aws/bindings.ts';
import { lambdaLog } from '../adapters/aws/logger.ts';
import { publishMeasures } from '../adapters/aws/metrics.ts';
import { readMigrationStatus } from '../adapters/aws/migration-status.ts';
import { awsClients } from '../adapters/aws/site.ts';
import { openPorts } from '../adapters/open-ports.ts';
import { type Environment, VARIABLE } from '../config/environment.ts';
import { MigrationError, TargetNotKnown } from '../config/errors.ts';
import { collectMetrics } from '../monitoring/collect.ts';
import { MetricHistory } from '../monitoring/history.ts';
import type { Bindings } from '../ports/bindings.ts';
import type { Reader } from '../ports/database.ts';
import type { Invocation } from './invocation.ts';

const clients = awsClients();
const memory = new MetricHistory();

/** @throws the first error of an incomplete run, after its metrics were published: an alarm counts the errors of the function */
export async function watch(_event: unknown, { awsRequestId }: Pick<Invocation, 'awsRequestId'>): Promise<void> {
  const environment: Environment = process.env;
  const machines = environment[VARIABLE.actingMachines] ?? '';
  const { open, replicated } = await readMigrationStatus(clients.executions, machines.split(','));
  if (!open) return memory.turnTo(undefined);
  const sides = await Promise.all([resolveSide('source', environment), resolveSide('target', environment)]);
  if (!replicated && sides[1].failure instanceof TargetNotKnown) return; // ConfigureTarget has not made the login yet, so nothing is copied
  const bindings = { ...sides[0].bindings, ...sides[1].bindings };
  const log = lambdaLog('Watch', { execution: '' }, awsRequestId);
  const { looking, close } = openPorts('Watch', bindings, log);
  try {
    const [source, target] = sides.map(({ failure }, index) =>
      failure === undefined ? [looking.source, looking.target][index] : outOfReach(failure, environment[VARIABLE.database] ?? ''),
    ) as [Reader, Reader];
    const { stream, measures, notices, failures } = await collectMetrics({ source, target }, memory, replicated);
    publishMeasures(environment[VARIABLE.stack] ?? '', stream, measures);
    for (const notice of notices) log.warn(notice);
    for (const error of failures) {
      log.warn('The look was not whole', error instanceof MigrationError ? { error: error.name, message: error.message } : {});
    }
    if (failures.length > 0) throw failures[0];
  } finally {
    await close();
  }
}

interface ResolvedSide {
  readonly bindings: Partial<Bindings>;
  readonly failure?: unknown;
}

/** Each side by itself: a secret that cannot be read must not keep the other side from being watched. */
async function resolveSide(side: 'source' | 'target', environment: Environment): Promise<ResolvedSide> {
  try {
    return { bindings: await resolveBindings([side], { environment, event: { executionArn: '', startedAt: '' }, clients }) };
  } catch (failure) {
    return { bindings: {}, failure };
  }
}

/** Reader of a side whose address is not known. */
function outOfReach(failure: unknown, database: string): Reader {
  const fail = async (): Promise<never> => {
    throw failure;
  };
  return { endpoint: { host: '', port: 0, database, user: '' }, version: fail, query: fail, snapshot: fail };
}
