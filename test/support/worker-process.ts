/** A visit of CopyParts in a process of its own, so that it can be killed as the kernel kills. Started with a channel to its parent. */
import { openPorts } from '../../lambdas/adapters/open-ports.ts';
import { parseInput } from '../../lambdas/config/input.ts';
import { REPLICATION_ROLE } from '../../lambdas/config/names.ts';
import { runStep } from '../../lambdas/engine/step.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import type { LoginPlace } from '../../lambdas/ports/replication.ts';
import { stepNamed } from '../../lambdas/steps/index.ts';
import { silent } from './world.ts';

export interface WorkerJob {
  readonly worker: number;
  readonly execution: string;
  readonly budgetMs: number;
  readonly source: ConnectionSettings;
  readonly target: ConnectionSettings;
  readonly passwords: Readonly<Record<LoginPlace, string>>;
}

async function run({ worker, execution, budgetMs, source, target, passwords }: WorkerJob): Promise<void> {
  const { host, port } = source;
  const ports = openPorts('CopyParts', {
    source,
    target,
    replication: { user: REPLICATION_ROLE, password: async (place = 'source') => passwords[place], host, port, sslmode: 'require' },
  });
  const deadline = Date.now() + budgetMs;
  await runStep(
    'CopyParts',
    stepNamed('CopyParts'),
    { state: { worker }, execution },
    {
      input: parseInput({}),
      looking: ports.looking,
      acting: ports.acting,
      remainingMs: () => deadline - Date.now(),
      log: silent,
      now: Date.now,
    },
  );
  await ports.close();
}

process.once('message', (job: WorkerJob) => {
  void run(job).then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
