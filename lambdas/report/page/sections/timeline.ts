/** How long it took: executions one after another, and the states of the last execution of each machine. */
import { secondsInWords } from '../../../config/in-words.ts';
import type { StateHistory } from '../../history.ts';
import type { ExecutionReport, MigrationReport } from '../../model.ts';
import { figureOf } from '../figure.ts';
import { type Content, type Html, html } from '../html.ts';
import type { Limits } from '../limits.ts';
import { momentAtTick, momentOf } from '../moments.ts';
import { numberOf } from '../numbers.ts';
import type { Colour } from '../palette.ts';
import { nameOf, said, sectionOf } from '../parts.ts';
import { type Span, spansHeight, spansOption } from '../spans.ts';
import { momentsBetween } from '../ticks.ts';

const MOST_EXECUTIONS = 30;

const COLOURS: Readonly<Record<ExecutionReport['status'], Colour>> = {
  RUNNING: 'violet',
  SUCCEEDED: 'blue',
  FAILED: 'red',
  TIMED_OUT: 'red',
  ABORTED: 'amber',
};

/** Machines that move nothing come last where not all can be shown. */
const ASIDE: readonly string[] = ['Preflight', 'Pace', 'Rotation'];

/** The executions that matter most, oldest first. */
export function executionsThatMatter(executions: readonly ExecutionReport[], most: number): readonly ExecutionReport[] {
  const [aside, moving] = [
    executions.filter(({ machine }) => ASIDE.includes(machine)),
    executions.filter(({ machine }) => !ASIDE.includes(machine)),
  ];
  const kept = new Set([...moving.toReversed(), ...aside.toReversed()].slice(0, most));
  return executions.filter((one) => kept.has(one));
}

const statusInWords = (status: ExecutionReport['status']): string => status.toLowerCase().replace('_', ' ');

const lengthOf = (from: string, to: string | null): string =>
  to === null ? 'running' : secondsInWords(Math.max(0, Date.parse(to) - Date.parse(from)) / 1000);

function executionSpan({ machine, status, startedAt, endedAt }: ExecutionReport, now: number): Span {
  const words = lengthOf(startedAt, endedAt);
  return {
    name: machine,
    says: status === 'SUCCEEDED' || status === 'RUNNING' ? words : `${words}, ${statusInWords(status)}`,
    ...{ from: Date.parse(startedAt), to: endedAt === null ? now : Date.parse(endedAt), colour: COLOURS[status] },
  };
}

const executionRow = ({ machine, execution, status, startedAt, endedAt, seconds }: ExecutionReport): Content[] => [
  machine,
  nameOf(execution),
  statusInWords(status),
  momentOf(startedAt),
  momentOf(endedAt),
  numberOf(seconds, 'seconds', 'still running'),
];

function executionsFigure(shown: readonly ExecutionReport[], now: number): Html {
  const spans = shown.map((one) => executionSpan(one, now));
  const [from, to] = [Math.min(...spans.map((span) => span.from)), Math.max(...spans.map((span) => span.to))];
  return figureOf({
    title: 'Executions one after another, in UTC',
    label: `Executions one after another. ${spans.map(({ name, says }) => `${name}: ${says}`).join('; ')}.`,
    height: (width) => spansHeight(spans.length, width),
    option: (width) =>
      spansOption(
        { spans, from, to, tick: (value) => momentAtTick(value, to - from), ticks: (most) => momentsBetween(from, to, most) },
        width,
      ),
    table: {
      caption: 'Executions',
      columns: [
        { head: 'Machine' },
        { head: 'Execution' },
        { head: 'Ended' },
        { head: 'From' },
        { head: 'To' },
        { head: 'Took', kind: 'number' },
      ],
      rows: shown.map(executionRow),
    },
  });
}

const stateRow = ({ name, startedAt, endedAt, visits }: StateHistory): Content[] => [
  nameOf(name),
  momentOf(startedAt),
  momentOf(endedAt),
  numberOf(endedAt === null ? null : (Date.parse(endedAt) - Date.parse(startedAt)) / 1000, 'seconds', 'not left'),
  visits,
];

/** States of an execution as a table. */
export const statesTable = ({ machine, execution, states }: ExecutionReport, most: number) => ({
  caption: `States of ${machine}, execution ${execution}`,
  columns: [
    { head: 'State' },
    { head: 'Entered' },
    { head: 'Left' },
    { head: 'Took', kind: 'number' as const },
    { head: 'Visits', kind: 'number' as const },
  ],
  rows: states.slice(0, most).map(stateRow),
});

function statesFigure(execution: ExecutionReport, now: number, most: number): Html {
  const start = Date.parse(execution.startedAt);
  const states = execution.states.slice(0, most);
  const end = execution.endedAt === null ? now : Date.parse(execution.endedAt);
  const isBroken = execution.status !== 'SUCCEEDED' && execution.status !== 'RUNNING';
  const spans = states.map((state, at): Span => {
    const says = lengthOf(state.startedAt, state.endedAt ?? execution.endedAt);
    return {
      name: state.name,
      says: state.visits > 1 ? `${says}, ${state.visits} visits` : says,
      from: Date.parse(state.startedAt) - start,
      to: (state.endedAt === null ? end : Date.parse(state.endedAt)) - start,
      colour: isBroken && at === states.length - 1 ? 'red' : 'blue',
    };
  });
  const to = Math.max(end - start, ...spans.map((span) => span.to));
  return figureOf({
    title: 'States, by the time since the start',
    label: `States of ${execution.machine}, execution ${execution.execution}. ${spans.map(({ name, says }) => `${name}: ${says}`).join('; ')}.`,
    height: (width) => spansHeight(spans.length, width),
    option: (width) =>
      spansOption(
        {
          spans,
          from: 0,
          to,
          tick: (value) => (value === 0 ? '0' : secondsInWords(value / 1000)),
          ticks: (most) => momentsBetween(0, to, most),
        },
        width,
      ),
    table: statesTable(execution, most),
  });
}

/** The last execution of each machine that has several states. */
function detailed(executions: readonly ExecutionReport[], most: number): readonly ExecutionReport[] {
  const last = new Map(executions.filter(({ states }) => states.length > 1).map((one) => [one.machine, one]));
  return executionsThatMatter(
    executions.filter((one) => last.get(one.machine) === one),
    most,
  );
}

export function timelineSection({ executions, writtenAt }: MigrationReport, { entries, drawings, states }: Limits): Html {
  const shown = executionsThatMatter(executions, Math.min(MOST_EXECUTIONS, entries));
  const now = Date.parse(writtenAt);
  const hidden = executions.length - shown.length;
  const content =
    shown.length === 0
      ? said('Nothing was started, so nothing took any time.')
      : html`${executionsFigure(shown, now)}
${hidden > 0 && html`<p class="muted">${hidden} further executions are in the JSON only.</p>`}
${detailed(executions, drawings).map((one) => html`<h3>${one.machine}, execution ${nameOf(one.execution)}</h3>${statesFigure(one, now, states)}`)}`;
  return sectionOf({ id: 'time', title: 'How long it took', newPage: true, content });
}
