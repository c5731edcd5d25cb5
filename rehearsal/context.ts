/** Context of one rehearsal, shared by its parts once its servers run. */
import type { Json } from '../lambdas/config/json.ts';
import type { MachineName } from '../lambdas/engine/machines.ts';
import type { MigrationHistory } from '../lambdas/report/history.ts';
import type { SwitchedSecret } from './application/secret.ts';
import type { Progress } from './display/progress.ts';
import type { Fixes } from './fixes.ts';
import type { Outcome, Pace, Places, Visited } from './machines/execution.ts';
import type { ExecutionRegistry } from './machines/registry.ts';
import type { SynthesizedMachine } from './machines/synthesize.ts';
import type { RehearsalOptions } from './options.ts';
import type { Report } from './report.ts';
import type { EdgeOptions } from './servers/front/edge.ts';
import type { Parameters } from './servers/server.ts';
import type { Sides } from './sides.ts';
import type { RehearsedWatch } from './watch.ts';
import type { Subject } from './workload/subject.ts';

/** A caller's options, and its callbacks while the rehearsal runs. */
export interface Hooks {
  readonly progress: Progress;
  /** Ends the rehearsal early; everything is still cleaned up. */
  readonly signal?: AbortSignal;
  readonly pace?: Pace;
  /** Further settings of an embedded target. */
  readonly targetParameters?: Parameters;
  /** Behaviour of the edge before an embedded target. @default - it offers no channel binding */
  readonly edge?: EdgeOptions | 'none';
  /** When the data is there and the writers write, before the first machine. */
  onReady?(sides: Sides): Promise<void>;
  /** When a visit of a step begins; it goes on at the same time. */
  onVisit?(visit: Pick<Visited, 'machine' | 'step' | 'worker'>, sides: Sides): void;
  /** After each visit of a step, before its state is left. */
  onVisited?(visited: Visited, sides: Sides): void | Promise<void>;
  /** What a report is made of, at the end. Where it is asked for, the databases are watched meanwhile as the deployed watch would. */
  onHistory?(history: MigrationHistory): void;
  /** At the end, with the servers still running. */
  beforeEnd?(sides: Sides, report: Report): Promise<void>;
}

/** The rehearsal, wherever the machines run. */
export interface RehearsalContext {
  readonly options: RehearsalOptions;
  readonly hooks: Hooks;
  readonly sides: Sides;
  readonly subjects: readonly Subject[];
  /** Statements of a dump that were passed over or changed. */
  readonly passedOver?: readonly string[];
  /** Fixes that were applied before the first machine. */
  readonly fixes?: Fixes | undefined;
  readonly secret: SwitchedSecret;
  /** Begins to watch both databases. @default - nothing watches, so a report has no graphs of it */
  readonly watch?: () => RehearsedWatch;
}

/** Runs the machines: a local interpreter, or Step Functions. */
export interface Machinery {
  /** One execution to its end, and that of `Recovery` where one follows. @throws where it is interrupted */
  run(name: MachineName, input?: Readonly<Record<string, Json>>): Promise<Outcome>;
  /** Of every execution so far. */
  readonly outcomes: readonly Outcome[];
  /** The execution that is under way, if there is one. */
  abort(): void;
}

/** The rehearsal, with all that the local interpreter needs. */
export interface RunnerContext extends RehearsalContext {
  readonly places: Places;
  readonly machines: Readonly<Record<MachineName, SynthesizedMachine>>;
  readonly registry: ExecutionRegistry;
}
