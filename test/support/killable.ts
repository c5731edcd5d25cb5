/** Runs the functions that switch in processes of their own, and kills them. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { StepEvent, StepResult } from '../../lambdas/engine/contract.ts';
import type { StepName } from '../../lambdas/engine/machines.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import type { LoginPlace, ReplicationLogin, WayBackSettings } from '../../lambdas/ports/replication.ts';
import { FunctionError, invoke } from '../../rehearsal/machines/local-function.ts';
import type { SynthesizedFunction } from '../../rehearsal/machines/synthesize.ts';

/** What a function is to do, and where its servers are. */
export interface Job {
  readonly fn: SynthesizedFunction;
  readonly event: StepEvent;
  readonly budgetMs: number;
  readonly source: ConnectionSettings;
  readonly target: ConnectionSettings;
  readonly replication: Omit<ReplicationLogin, 'password'> & { readonly passwords: Readonly<Record<LoginPlace, string>> };
  readonly wayBack: WayBackSettings;
  readonly secret: string | undefined;
}

/** A call of a port that this process stands for. */
export interface Call {
  readonly kind: 'call';
  readonly id: number;
  readonly place: 'application' | 'hook' | 'executions';
  readonly method: string;
  readonly args: readonly unknown[];
}
export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** What a function says of itself. */
export type Report =
  | Call
  | { readonly kind: 'returned'; readonly result: StepResult }
  | { readonly kind: 'threw'; readonly name: string; readonly message: string };

export interface KillableFunctions {
  readonly invoke: typeof invoke;
  /** SIGKILL to the function that runs, and waits until it is gone. */
  kill(): Promise<void>;
}

const SWITCHING: readonly StepName[] = ['SwitchOver', 'SwitchBack'];
const ENTRY = fileURLToPath(new URL('function-process.ts', import.meta.url));

/** As Step Functions reports a function whose process is gone (https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception). */
const KILLED = new FunctionError('Lambda.Unknown', 'The function was killed.');

type Methods = Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>>;

export function killableFunctions(): KillableFunctions {
  let running: ChildProcess | undefined;
  return {
    async invoke(fn, event, places, budgetMs, log) {
      if (!SWITCHING.includes(fn.step)) return invoke(fn, event, places, budgetMs, log);
      const { source, target, replication, wayBack = {}, application, hook, executions } = places;
      if (!source || !target || !replication) throw new Error('A function in a process of its own needs both sides.');
      const child = fork(ENTRY, { serialization: 'advanced', execArgv: [] });
      running = child;
      const { password, ...login } = replication;
      const job: Job = {
        ...{ fn, event, budgetMs, source, target, wayBack, secret: application?.secret },
        replication: {
          ...login,
          passwords: { source: await password('source'), target: await password('target'), copy: await password('copy') },
        },
      };
      const ended = Promise.withResolvers<StepResult>();
      const answer = async ({ id, place, method, args }: Call) => {
        const port = { application, hook, executions }[place] as unknown as Methods;
        const said = await port[method]?.(...args).then(
          (value) => ({ id, value }),
          (error: Error) => ({ id, error: error.message }),
        );
        if (said && child.connected) child.send(said);
      };
      child.on('message', (report: Report) => {
        if (report.kind === 'call') void answer(report);
        else if (report.kind === 'returned') ended.resolve(report.result);
        else ended.reject(new Reported(report));
      });
      child.once('error', ended.reject);
      child.once('exit', () => ended.reject(KILLED));
      child.send(job);
      return ended.promise.finally(() => child.kill('SIGKILL'));
    },
    async kill() {
      if (!running || running.exitCode !== null || running.signalCode !== null) throw new Error('No function runs.');
      const gone = once(running, 'exit');
      running.kill('SIGKILL');
      await gone;
    },
  };
}

/** An error as the function's process reported it, its message being the JSON that Lambda makes of it. */
class Reported extends FunctionError {
  constructor({ name, message }: { readonly name: string; readonly message: string }) {
    super(name, (JSON.parse(message) as { errorMessage: string }).errorMessage);
  }
}
