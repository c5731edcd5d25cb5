/**
 * The entry of the function that writes the report, called when an execution has ended. It stands in a bundle of its own, because it draws charts,
 * which no step does. Nothing waits for it, so nothing that goes wrong here keeps a migration.
 */
import { type ReadExecution, readExecutions, readStanding } from '../adapters/aws/executions-history.ts';
import { lambdaLog } from '../adapters/aws/logger.ts';
import { readSeries } from '../adapters/aws/metric-series.ts';
import { isChildOfMap, machineIn } from '../adapters/aws/migration-status.ts';
import type { StatusChange } from '../adapters/aws/notices.ts';
import { reportClients, storeReport } from '../adapters/aws/report-store.ts';
import { type Environment, VARIABLE } from '../config/environment.ts';
import { consoleOf } from '../monitoring/notices.ts';
import type { Log } from '../ports/log.ts';
import { reportOf } from '../report/build.ts';
import type { MigrationHistory } from '../report/history.ts';
import { pageOf } from '../report/page/page.ts';
import type { Invocation } from './invocation.ts';

const clients = reportClients();

/** Lists may lag behind the event by a moment. */
const settled = (executions: readonly ReadExecution[], { name, status, stateMachineArn }: StatusChange, now: number): ReadExecution[] =>
  executions.map((one) =>
    one.execution === name && one.machine === machineIn(stateMachineArn) && one.status === 'RUNNING'
      ? { ...one, status, endedAt: one.endedAt ?? new Date(now).toISOString() }
      : one,
  );

/** Two executions may end at once, and the picture of the one that looked first be written last. */
const MOST_WRITES = 3;

/** @param event of EventBridge, "Step Functions Execution Status Change" */
export async function report(
  { detail }: { readonly detail: StatusChange },
  { awsRequestId }: Pick<Invocation, 'awsRequestId'>,
): Promise<void> {
  if (isChildOfMap(detail)) return;
  const environment: Environment = process.env;
  const log = lambdaLog('Report', { execution: detail.name }, awsRequestId);
  const machines = (environment[VARIABLE.toldMachines] ?? '').split(',');
  for (let writes = 0; writes < MOST_WRITES; writes += 1) {
    const before = await readStanding(clients.executions, machines);
    await write(await readExecutions(clients.executions, machines), detail, environment, log);
    if ((await readStanding(clients.executions, machines)) === before) return;
  }
}

async function write(read: readonly ReadExecution[], detail: StatusChange, environment: Environment, log: Log): Promise<void> {
  const now = Date.now();
  const stack = environment[VARIABLE.stack] ?? '';
  const executions = settled(read, detail, now);
  const first = executions[0];
  if (!first) return;
  const ends = executions.map(({ endedAt }) => (endedAt === null ? now : Date.parse(endedAt)));
  const series = await readSeries(clients.metrics, stack, Date.parse(first.startedAt), Math.max(...ends), now).catch((error: unknown) => {
    log.warn('The report has no graphs of what the watch measured', { error: error instanceof Error ? error.message : String(error) });
    return {};
  });
  const history: MigrationHistory = {
    stack,
    database: environment[VARIABLE.database] ?? '',
    sides: { source: `the Aurora cluster ${environment[VARIABLE.clusterIdentifier] ?? ''}`, target: placeAtPlanetScale(environment) },
    executions,
    series,
    writers: [],
    links: linksOf(executions),
  };
  const written = reportOf(history, now);
  await storeReport(clients.store, environment[VARIABLE.reports] ?? '', {
    page: pageOf(written),
    json: JSON.stringify(written),
    beganAt: first.startedAt,
  });
  log.info('The report is written', { executions: executions.length, outcome: written.outcome.code });
}

function placeAtPlanetScale(environment: Environment): string {
  const names = [environment[VARIABLE.planetscaleOrganization], environment[VARIABLE.planetscaleDatabase]].filter(Boolean);
  return names.length > 0 ? `PlanetScale (${names.join('/')})` : 'PlanetScale';
}

/** The console's page of each execution. */
const linksOf = (executions: readonly ReadExecution[]): Readonly<Record<string, string>> =>
  Object.fromEntries(executions.map(({ machine, execution, arn }) => [`${machine} ${execution}`, consoleOf(arn)]));
