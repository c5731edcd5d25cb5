/** Each switch, part by part, against the pause that the writers saw. */
import { inWords } from '../../../forecast/words.ts';
import type { MigrationReport, SwitchReport } from '../../model.ts';
import { NAMES } from '../../standing.ts';
import { figureOf } from '../figure.ts';
import { type Html, html } from '../html.ts';
import type { Limits } from '../limits.ts';
import { momentOf } from '../moments.ts';
import { numberOf, tickInWords } from '../numbers.ts';
import { badge, factsOf, nameOf, said, sectionOf } from '../parts.ts';
import { type Span, spansHeight, spansOption } from '../spans.ts';
import { momentsBetween } from '../ticks.ts';

const MOST_PARTS = 20;

function spansOf({ parts, fencedMs, writersPauseMs }: SwitchReport): Span[] {
  let at = 0;
  const spans = parts.slice(0, MOST_PARTS).map(({ name, ms }): Span => {
    at += ms;
    return { name, says: inWords(ms, 'milliseconds'), from: at - ms, to: at, colour: 'blue' };
  });
  const whole = (name: string, ms: number | null, colour: Span['colour']): Span[] =>
    ms === null ? [] : [{ name, says: inWords(ms, 'milliseconds'), from: 0, to: ms, colour }];
  return [...spans, ...whole('writes waited', fencedMs, 'amber'), ...whole('pause that the writers saw', writersPauseMs, 'red')];
}

function partsFigure(one: SwitchReport): Html {
  const spans = spansOf(one);
  if (spans.length === 0) return said('Nobody measured this: the execution has left no times of the parts.');
  const to = Math.max(...spans.map((span) => span.to));
  return figureOf({
    title: 'Part by part, from the moment at which the fence is raised',
    label: `Parts of the switch from ${NAMES[one.from]} to ${NAMES[one.to]}, execution ${one.execution}. ${spans.map(({ name, says }) => `${name}: ${says}`).join('; ')}.`,
    height: (width) => spansHeight(spans.length, width),
    option: (width) =>
      spansOption(
        { spans, from: 0, to, tick: (value) => tickInWords(value, 'milliseconds'), ticks: (most) => momentsBetween(0, to, most) },
        width,
      ),
    table: {
      caption: 'Parts of the switch, one after another, and what they add up to',
      columns: [{ head: 'Part' }, { head: 'Begins at', kind: 'number' }, { head: 'Takes', kind: 'number' }],
      rows: spans.map(({ name, from, to: end }) => [name, numberOf(from, 'milliseconds'), numberOf(end - from, 'milliseconds')]),
    },
  });
}

function switchOf(one: SwitchReport): Html {
  const { machine, execution, from, to, at, fencedMs, writersPauseMs, roundTrips } = one;
  return html`<h3>${NAMES[from]} to ${NAMES[to]} ${badge(machine, to === 'target' ? 'green' : 'amber')}</h3>
<p>Committed on ${momentOf(at)} by the execution ${nameOf(execution)}.</p>
${factsOf([
  ['Writes waited', numberOf(fencedMs, 'milliseconds', 'not recorded')],
  ['The writers saw', numberOf(writersPauseMs, 'milliseconds', 'nobody measured')],
  ['Round trips to the source', numberOf(roundTrips?.source, 'count')],
  ['Round trips to the target', numberOf(roundTrips?.target, 'count')],
  ['One after another', numberOf(roundTrips?.inSequence, 'count')],
])}
${partsFigure(one)}`;
}

export function switchesSection({ switches, answers, executions }: MigrationReport, { drawings }: Limits): Html {
  const isTried = executions.some(({ states }) => states.some(({ name }) => name === 'SwitchOver' || name === 'SwitchBack'));
  const shown = switches.slice(-drawings);
  const hidden = switches.length - shown.length;
  const content =
    shown.length === 0
      ? said(isTried ? answers.without : 'The application was not switched, so it was never without a database because of the migration.')
      : html`<p>Writes wait from the moment at which the fence is raised until the other side is open. Writers see more: their last write before, and their first one after it, with a new connection in between.</p>
${hidden > 0 && html`<p class="muted">${hidden} earlier switches are in the JSON only.</p>`}
${shown.map(switchOf)}`;
  return sectionOf({ id: 'switch', title: 'The switch', content });
}
