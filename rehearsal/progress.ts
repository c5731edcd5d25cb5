/** The output while it runs: a line for each state that was left, and on a terminal a moving line below. */
import { styleText } from 'node:util';
import type { Json } from '../lambdas/config/json.ts';
import type { StepResult } from '../lambdas/engine/contract.ts';
import type { Outcome, Visited, WorkerOf } from './machines/execution.ts';
import { FunctionError } from './machines/local-function.ts';

export interface Progress {
  /** A line of its own. */
  say(text: string): void;
  visiting(machine: string, step: string, worker?: WorkerOf): void;
  visited(visited: Visited): void;
  ended(outcome: Outcome): void;
  /** Takes the moving line away. Safe to call twice. */
  clear(): void;
}

/** The output stream: `process.stdout`, or a stand-in. */
export interface Canvas {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const CLEAR_LINE = '\r\u001b[2K';
/** On a pipe a state that takes long says so now and then. */
const REMIND_AFTER_SECONDS = 10;
/** Of more workers than this the ends are told together. */
const FEW_WORKERS = 10;
const FALLBACK_COLUMNS = 100;
const STEP_COLUMNS = 22;

export function drawProgress(canvas: Canvas): Progress {
  const moving = canvas.isTTY === true;
  const colour = (style: 'green' | 'red' | 'dim', text: string) => (moving ? styleText(style, text) : text);
  let drawn = false;
  /** By step: the time of the last reminder, and how many of its workers are done. */
  const reminded = new Map<string, number>();
  const done = new Map<string, number>();
  const failed = new Map<string, number>();
  const count = (counts: Map<string, number>, step: string): number => {
    counts.set(step, (counts.get(step) ?? 0) + 1);
    return counts.get(step) ?? 0;
  };

  const clear = () => {
    if (drawn) canvas.write(CLEAR_LINE);
    drawn = false;
  };
  const say = (text: string) => {
    clear();
    canvas.write(`${text}\n`);
  };
  const status = (text: string) => {
    if (!moving) return;
    const columns = canvas.columns ?? FALLBACK_COLUMNS;
    canvas.write(`${CLEAR_LINE}${colour('dim', text.length < columns ? text : `${text.slice(0, columns - 2)}…`)}`);
    drawn = true;
  };
  const line = (machine: string, step: string, text: string) => `${machine.padEnd(10)} ${step.padEnd(STEP_COLUMNS)} ${text}`;

  const named = (step: string, worker: WorkerOf | undefined) => (worker ? `${step} ${worker.number}` : step);

  const sayDone = ({ machine, step, worker, visits }: Visited, took: string) => {
    const ended = `${took}  ${colour('green', 'done')}`;
    if (!worker) reminded.delete(step);
    if (!worker || worker.of <= FEW_WORKERS)
      say(line(machine, named(step, worker), `${ended}${visits > 1 ? ` after ${visits} visits` : ''}`));
    else if (count(done, step) % worker.of === 0) say(line(machine, step, `${ended}, all ${worker.of} workers`));
  };

  return {
    say,
    clear,
    visiting: (machine, step, worker) => status(line(machine, named(step, worker), '…')),
    visited(visit) {
      const { machine, step, worker, seconds, outcome } = visit;
      const took = `${seconds.toFixed(1).padStart(6)} s`;
      const name = named(step, worker);
      if (outcome instanceof FunctionError) {
        const { errorMessage } = JSON.parse(outcome.message) as { errorMessage: string };
        const passing = outcome.name === 'TransientError';
        if (passing || (worker && count(failed, step) > FEW_WORKERS))
          status(line(machine, name, `${took}  ${passing ? 'will be tried again' : outcome.name}: ${errorMessage}`));
        else say(line(machine, name, `${took}  ${colour('red', outcome.name)}`));
      } else if (outcome.verdict === 'done') {
        sayDone(visit, took);
      } else {
        const text = line(machine, name, `${took}  ${figuresOf(outcome)}`);
        if (moving) status(text);
        else if (seconds - (reminded.get(step) ?? 0) >= REMIND_AFTER_SECONDS) {
          reminded.set(step, seconds);
          say(text);
        }
      }
    },
    ended({ name, status: how, seconds }) {
      for (const counts of [reminded, done, failed]) counts.clear();
      say(line(name, '', `${seconds.toFixed(1).padStart(6)} s  ${colour(how === 'SUCCEEDED' ? 'green' : 'red', how.toLowerCase())}`));
    },
  };
}

/** The figures of a pending step's evidence, in the step's own words. */
function figuresOf({ evidence }: StepResult): string {
  const words = evidence && typeof evidence === 'object' && !Array.isArray(evidence) ? Object.entries(evidence) : [];
  return words.flatMap(([key, value]) => figure(key, value as Json)).join(', ');
}

const plain = (key: string): string => key.replaceAll(/([A-Z])/g, ' $1').toLowerCase();

/** Moments of a visit are for the next one. */
const MOMENT = 'at';

function figure(key: string, value: Json): string[] {
  if (key === MOMENT) return [];
  if (typeof value === 'number')
    return [`${plain(key)} ${/bytes/i.test(key) ? `${(value / 1e6).toFixed(1)} MB` : Math.round(value * 10) / 10}`];
  if (typeof value === 'string' && value.length <= 60) return [`${plain(key)} ${value}`];
  return [];
}
