/** The output while it runs: a line for each state that was left, and on a terminal moving lines below. */
import type { MachineName } from '../../lambdas/engine/machines.ts';
import type { Outcome, Visited, WorkerOf } from '../machines/execution.ts';
import { FunctionError } from '../machines/local-function.ts';
import { type AtWork, Live, type Writing } from './live.ts';
import { type Canvas, plainText, screenOf } from './screen.ts';
import { figuresIn, workIn } from './work.ts';

export type { Canvas } from './screen.ts';

export interface Progress {
  /** A line of its own. */
  say(text: string): void;
  /** The machines that will be run, in order. */
  course?(machines: readonly MachineName[]): void;
  /** Writers are at work from now on. @param writing asked as often as it is drawn */
  follow?(writing: () => Writing): void;
  visiting(machine: string, step: string, worker?: WorkerOf): void;
  visited(visited: Visited): void;
  ended(outcome: Outcome): void;
  /** Takes the moving lines away. Safe to call twice. */
  clear(): void;
}

/** On a pipe a state that takes long says so now and then. */
const REMIND_AFTER_SECONDS = 10;
/** Of more workers than this the ends are told together. */
const FEW_WORKERS = 10;
const STEP_COLUMNS = 22;
/** Of a line on a narrow terminal. */
const FEW_COLUMNS = 60;

/** @param environment of the process, for its colours */
export function drawProgress(canvas: Canvas, environment: Readonly<Record<string, string | undefined>> = {}): Progress {
  const screen = screenOf(canvas, environment);
  const { colour } = screen;
  const live = screen.isLive ? new Live(canvas, screen) : undefined;
  /** By step: the time of the last reminder, and how many of its workers are done. */
  const reminded = new Map<string, number>();
  const done = new Map<string, number>();
  const failed = new Map<string, number>();
  const stepsDone = new Set<string>();
  let machines: readonly MachineName[] = [];
  let ended = 0;
  /** By step: some are side by side. */
  const atWork = new Map<string, AtWork>();
  let hasFailed = false;
  const seen = () => ({ course: machines, ended, stepsDone, atWork: [...atWork.values()], hasFailed });
  const count = (counts: Map<string, number>, step: string): number => {
    counts.set(step, (counts.get(step) ?? 0) + 1);
    return counts.get(step) ?? 0;
  };

  const say = (text: string) => {
    live?.clear();
    canvas.write(`${text.split('\n').map(plainText).join('\n')}\n`);
    live?.draw(seen());
  };
  const sayColoured = (machine: string, step: string, text: string, state: string) => {
    live?.clear();
    canvas.write(`${line(machine, step, text)}${state}\n`);
    live?.draw(seen());
  };
  const line = (machine: string, step: string, text: string) =>
    screen.columns() < FEW_COLUMNS
      ? plainText(`${step || machine} ${text.trimStart()}`)
      : plainText(`${machine.padEnd(10)} ${step.padEnd(STEP_COLUMNS)} ${text}`);

  const named = (step: string, worker: WorkerOf | undefined) => (worker ? `${step} ${worker.number}` : step);

  const sayDone = ({ machine, step, worker, visits }: Visited, took: string) => {
    const state = colour.green('done');
    if (!worker) {
      reminded.delete(step);
      stepsDone.add(step);
      atWork.delete(step);
    }
    const isLast = worker !== undefined && count(done, step) % worker.of === 0;
    if (isLast) atWork.delete(step);
    if (!worker || worker.of <= FEW_WORKERS)
      sayColoured(machine, named(step, worker), `${took}  `, `${state}${visits > 1 ? ` after ${visits} visits` : ''}`);
    else if (isLast) sayColoured(machine, step, `${took}  `, `${state}, all ${worker.of} workers`);
  };

  /** A state that is visited again keeps the time at which it began, and what it has said. */
  const work = (machine: string, step: string, change: Partial<AtWork> = {}) => {
    const before = atWork.get(step) ?? { machine, step, since: performance.now(), work: undefined, figures: '' };
    atWork.set(step, { ...before, ...change });
    live?.start(seen);
  };

  return {
    say,
    clear: () => live?.stop(),
    course(planned) {
      machines = planned;
      live?.start(seen);
    },
    follow: (writing) => live?.follow(writing),
    visiting: (machine, step) => work(machine, step),
    visited(visit) {
      const { machine, step, worker, seconds, outcome } = visit;
      const took = `${seconds.toFixed(1).padStart(6)} s`;
      const name = named(step, worker);
      if (outcome instanceof FunctionError) {
        const { errorMessage } = JSON.parse(outcome.message) as { errorMessage: string };
        const passing = outcome.name === 'TransientError';
        if (passing || (worker && count(failed, step) > FEW_WORKERS))
          work(machine, step, { figures: `${passing ? 'will be tried again' : outcome.name}: ${errorMessage}` });
        else sayColoured(machine, name, `${took}  `, colour.red(plainText(outcome.name)));
      } else if (outcome.verdict === 'done') {
        sayDone(visit, took);
      } else {
        const figures = figuresIn(outcome.evidence);
        work(machine, step, { figures, work: workIn(outcome.evidence) });
        if (!live && seconds - (reminded.get(step) ?? 0) >= REMIND_AFTER_SECONDS) {
          reminded.set(step, seconds);
          say(line(machine, name, `${took}  ${figures}`));
        }
      }
    },
    ended({ name, status: how, seconds }) {
      for (const counts of [reminded, done, failed]) counts.clear();
      stepsDone.clear();
      atWork.clear();
      if (how !== 'SUCCEEDED') hasFailed = true;
      else if (machines[ended] === name) ended += 1;
      const state = how.toLowerCase();
      sayColoured(name, '', `${seconds.toFixed(1).padStart(6)} s  `, how === 'SUCCEEDED' ? colour.green(state) : colour.red(state));
    },
  };
}
