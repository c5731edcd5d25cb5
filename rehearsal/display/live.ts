/** The lines at the bottom of a terminal: the machines, the state that is at work, and the writers, drawn anew four times a second. */
import { createLogUpdate } from 'log-update';
import { bytesInWords, secondsInWords } from '../../lambdas/config/in-words.ts';
import { MACHINES, type MachineName, type StepName } from '../../lambdas/engine/machines.ts';
import { bar, sparkline } from './bars.ts';
import { type Canvas, cutTo, plainText, type Screen } from './screen.ts';
import type { Work } from './work.ts';

/** What is counted of the writers. */
export interface Writing {
  readonly acknowledged: number;
  readonly longestPauseMs: number;
}

/** The state that is at work. */
export interface AtWork {
  readonly machine: string;
  readonly step: string;
  /** Milliseconds of the clock of this process. */
  readonly since: number;
  readonly work: Work | undefined;
  /** The figures of its last visit, in words. */
  readonly figures: string;
}

export interface Seen {
  readonly course: readonly MachineName[];
  /** Machines of the course that have ended. */
  readonly ended: number;
  /** Steps of the machine at work that are done. */
  readonly stepsDone: ReadonlySet<string>;
  /** Several, where steps are side by side. */
  readonly atWork: readonly AtWork[];
  /** Whether the machine at work has failed, so that no other follows. */
  readonly hasFailed: boolean;
}

const EVERY_MS = 250;
const SAMPLES_KEPT = 240;
const LABEL = 11;
const WIDEST_BAR = 30;

export class Live {
  readonly #update: ReturnType<typeof createLogUpdate>;
  readonly #screen: Screen;
  readonly #rates: number[] = [];
  readonly #speeds: { at: number; done: number }[] = [];
  #writing: (() => Writing) | undefined;
  #counted = 0;
  #countedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(canvas: Canvas, screen: Screen) {
    this.#update = createLogUpdate(canvas as NodeJS.WriteStream, { showCursor: true });
    this.#screen = screen;
  }

  /** @param seen asked anew for each drawing */
  start(seen: () => Seen): void {
    this.#timer ??= setInterval(() => {
      this.#sample(seen());
      this.draw(seen());
    }, EVERY_MS);
    this.#timer.unref();
  }

  follow(writing: () => Writing): void {
    this.#writing = writing;
    this.#counted = writing().acknowledged;
    this.#countedAt = performance.now();
  }

  draw(seen: Seen): void {
    const columns = this.#screen.columns();
    const lines = [...machineLine(seen, columns), ...stateLines(seen, this.#speed(), columns), ...this.#writerLine(columns)];
    if (lines.length > 0) this.#update(lines.map((line) => this.#screen.colour.dim(cutTo(columns - 1, plainText(line)))).join('\n'));
  }

  clear(): void {
    this.#update.clear();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.clear();
    this.#update.done();
  }

  #sample({ atWork }: Seen): void {
    const copying = atWork.find(({ work }) => work?.unit === 'bytes')?.work;
    const now = this.#writing?.();
    if (now) {
      const at = performance.now();
      this.#rates.push(((now.acknowledged - this.#counted) * 1000) / Math.max(1, at - this.#countedAt));
      this.#countedAt = at;
      if (this.#rates.length > SAMPLES_KEPT) this.#rates.shift();
      this.#counted = now.acknowledged;
    }
    const done = copying?.done;
    if (done === undefined || done < (this.#speeds.at(-1)?.done ?? 0)) this.#speeds.length = 0;
    if (done !== undefined) this.#speeds.push({ at: performance.now(), done });
    if (this.#speeds.length > SAMPLES_KEPT) this.#speeds.shift();
  }

  /** Bytes a second, since the first sample of the copy that is kept. */
  #speed(): number | undefined {
    const [first, last] = [this.#speeds[0], this.#speeds.at(-1)];
    if (!first || !last || last.at - first.at < 2 * EVERY_MS) return undefined;
    return ((last.done - first.done) * 1000) / (last.at - first.at);
  }

  #writerLine(columns: number): string[] {
    const writing = this.#writing?.();
    if (!writing || this.#rates.length === 0) return [];
    const recent = this.#rates.slice(-4);
    const rate = Math.round(recent.reduce((sum, each) => sum + each, 0) / recent.length);
    const words = `${rate} writes/s, longest pause ${secondsInWords(writing.longestPauseMs / 1000)}`;
    const room = Math.min(2 * WIDEST_BAR, columns - LABEL - words.length - 3);
    return [`${'Writers'.padEnd(LABEL)}${room >= 8 ? `${sparkline(this.#rates, room)} ` : ''}${words}`];
  }
}

function machineLine({ course, ended, hasFailed }: Seen, columns: number): string[] {
  if (course.length === 0) return [];
  const marked = course
    .map((name, at) => (at < ended ? `✔ ${name}` : at === ended ? `${hasFailed ? '✘' : '▶'} ${name}` : `· ${name}`))
    .join('  ');
  const brief = `${Math.min(ended + 1, course.length)} of ${course.length}: ${course[Math.min(ended, course.length - 1)]}`;
  return [`${'Machines'.padEnd(LABEL)}${LABEL + marked.length < columns ? marked : brief}`];
}

const barOf = (share: number, columns: number): string => bar(share, Math.max(5, Math.min(WIDEST_BAR, Math.floor(columns / 4))));

function stateLines({ atWork, stepsDone }: Seen, speed: number | undefined, columns: number): string[] {
  const [first] = atWork;
  if (!first) return [];
  const { machine } = first;
  const steps = Object.hasOwn(MACHINES, machine) ? MACHINES[machine as MachineName].order.length : 0;
  const done = [...stepsDone].filter((one) => isOf(machine, one)).length;
  return [
    ...(steps > 1 ? [`${machine.padEnd(LABEL)}${barOf(done / steps, columns)} ${done} of ${steps} states`] : []),
    ...atWork.map((one) => stepLine(one, speed, columns)),
  ];
}

function stepLine({ step, work, figures, since }: AtWork, speed: number | undefined, columns: number): string {
  const label = `${step.padEnd(LABEL)}${step.length >= LABEL ? ' ' : ''}`;
  if (work) return `${label}${barOf(work.done / work.of, columns)} ${measured(work, speed)}`;
  return `${label}${secondsInWords((performance.now() - since) / 1000)}${figures ? `, ${figures}` : ''}`;
}

const isOf = (machine: string, step: string): boolean =>
  Object.hasOwn(MACHINES, machine) && MACHINES[machine as MachineName].order.some((stage) => stage.step === (step as StepName));

function measured({ done, of, unit, secondsLeft }: Work, speed: number | undefined): string {
  if (unit === 'count') return `${done} of ${of}`;
  const left = secondsLeft ?? (speed && speed > 0 ? (of - done) / speed : null);
  const words = [`${Math.floor((100 * done) / of)} %, ${bytesInWords(done)} of ${bytesInWords(of)}`];
  if (speed !== undefined) words.push(`${bytesInWords(speed)}/s`);
  if (left !== null && done < of) words.push(`${secondsInWords(Math.max(1, left))} left`);
  return words.join(', ');
}
