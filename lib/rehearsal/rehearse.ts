/** A rehearsal from its first server to its last: everything in order, and nothing left behind. */
import { randomBytes } from 'node:crypto';
import { noApplication, noHook } from '../../lambdas/application.ts';
import { REPLICATION_ROLE } from '../../lambdas/names.ts';
import type { Places } from '../../lambdas/ports.ts';
import type { MachineName } from '../machines.ts';
import { conclude } from './conclude.ts';
import { DEFAULT_PACE, type Execution, type Outcome, type Pace, startExecution, type Visited } from './machines/execution.ts';
import { ExecutionRegistry } from './machines/registry.ts';
import { type SynthesizedMachine, synthesizeMachines } from './machines/synthesize.ts';
import { REHEARSED, type RehearsalOptions } from './options.ts';
import { prepare } from './prepare.ts';
import type { Progress } from './progress.ts';
import type { Report } from './report.ts';
import type { Parameters } from './servers/server.ts';
import { openSides, type Sides } from './sides.ts';
import { refuseTraces, removeTraces } from './traces.ts';
import type { Subject } from './workload/subject.ts';
import { startWorkload } from './workload/workload.ts';

/** What a caller may do while it runs. */
export interface Company {
  readonly progress: Progress;
  /** Ends the rehearsal early; everything is still cleaned up. */
  readonly signal?: AbortSignal;
  readonly pace?: Pace;
  /** Further settings of an embedded target. */
  readonly targetParameters?: Parameters;
  /** When the data is there and the writers write, before the first machine. */
  onReady?(sides: Sides): Promise<void>;
  /** When a visit of a step begins; it goes on at the same time. */
  onVisit?(visit: Pick<Visited, 'machine' | 'step'>, sides: Sides): void;
  /** After each visit of a step, before its state is left. */
  onVisited?(visited: Visited, sides: Sides): void | Promise<void>;
  /** At the end, with the servers still running. */
  beforeEnd?(sides: Sides, report: Report): Promise<void>;
}

/** What one rehearsal works with once its servers run. */
interface Stage {
  readonly options: RehearsalOptions;
  readonly company: Company;
  readonly sides: Sides;
  readonly subjects: readonly Subject[];
  readonly places: Omit<Places, 'executions'>;
  readonly machines: Readonly<Record<MachineName, SynthesizedMachine>>;
}

/** @throws whatever keeps it from telling: a server that does not start, a dump that does not load, an interruption */
export async function rehearse(options: RehearsalOptions, company: Company): Promise<Report> {
  const { progress, signal } = company;
  const machines = synthesizeMachines();
  signal?.throwIfAborted();
  progress.say(opening(options));
  const sides = await openSides(options, company.targetParameters);
  try {
    signal?.throwIfAborted();
    return await onOpenSides(options, company, sides, machines);
  } finally {
    sides.destroy();
  }
}

const opening = ({ source, target }: RehearsalOptions): string =>
  [source, target]
    .map((side, index) => {
      const place = side.kind === 'embedded' ? `PostgreSQL ${side.version}, embedded` : `${side.settings.host}:${side.settings.port}`;
      return `${index === 0 ? 'Source' : 'target'}: ${place}`;
    })
    .join(', ');

async function onOpenSides(options: RehearsalOptions, company: Company, sides: Sides, machines: Stage['machines']): Promise<Report> {
  const isSomebodysOwn = !sides.servers.source || !sides.servers.target;
  if (isSomebodysOwn) await refuseTraces(sides);
  const places = placesOf(sides);
  try {
    const subjects = await prepare(options, company.progress, sides);
    const stage: Stage = { options, company, sides, subjects, machines, places };
    const report = await perform(stage);
    await company.beforeEnd?.(sides, report);
    return report;
  } finally {
    if (isSomebodysOwn) {
      company.progress.say('Removing what the rehearsal made');
      await removeTraces(sides, machines.Cleanup, places);
    }
  }
}

const placesOf = (sides: Sides): Stage['places'] => {
  const password = randomBytes(24).toString('base64url');
  const { host, port } = sides.source;
  return {
    source: sides.source,
    target: sides.target,
    cluster: sides.cluster,
    application: noApplication,
    hook: noHook,
    replication: { user: REPLICATION_ROLE, password: async () => password, host, port, sslmode: sides.sslmode },
  };
};

async function perform(stage: Stage): Promise<Report> {
  const { options, company, sides, subjects } = stage;
  const workload = startWorkload({
    secret: { read: async () => sides.source },
    subjects,
    writers: subjects.length > 0 ? options.writers : 0,
    rate: options.rate,
  });
  let execution: Execution | undefined;
  const interrupt = () => {
    workload.abandon();
    execution?.abort();
    // Whatever is under way on a server that goes away anyway ends with it.
    if (sides.servers.source && sides.servers.target) sides.destroy();
  };
  company.signal?.addEventListener('abort', interrupt, { once: true });
  try {
    await company.onReady?.(sides);
    const outcomes: Outcome[] = [];
    for (const name of REHEARSED.slice(0, REHEARSED.indexOf(options.until) + 1)) {
      company.signal?.throwIfAborted();
      execution = begin(stage, name);
      const outcome = await execution.ended;
      company.signal?.throwIfAborted();
      company.progress.ended(outcome);
      outcomes.push(outcome);
      if (outcome.status !== 'SUCCEEDED') break;
    }
    await workload.stop();
    return await conclude({ sides, journal: workload.journal, subjects, outcomes, progress: company.progress });
  } finally {
    company.signal?.removeEventListener('abort', interrupt);
    workload.abandon();
    await workload.stop();
  }
}

function begin({ company, machines, places, sides }: Stage, name: MachineName): Execution {
  return startExecution({
    machine: machines[name],
    name: `rehearsal-${randomBytes(4).toString('hex')}`,
    input: name === 'Preflight' ? {} : sides.input,
    registry: new ExecutionRegistry(),
    places,
    pace: company.pace ?? DEFAULT_PACE,
    onVisit(machine, step) {
      company.progress.visiting(machine, step);
      company.onVisit?.({ machine, step }, sides);
    },
    async onVisited(visited) {
      company.progress.visited(visited);
      await company.onVisited?.(visited, sides);
    },
  });
}
