/** The questions of somebody who was not there, answered in sentences. */
import type { ErrorName } from '../config/errors.ts';
import { bytesInWords, counted, countInWords, dollarsInWords, millisecondsInWords, secondsInWords } from '../config/in-words.ts';
import { fieldsOf, lastOf } from './evidence.ts';
import type { MigrationHistory } from './history.ts';
import type { Answers, MigrationReport, SwitchReport } from './model.ts';
import { attemptsOf, NAMES, wasCleaned } from './standing.ts';

/** The report without its sentences. */
export type Facts = Omit<MigrationReport, 'outcome' | 'answers'>;

const WAYS = { stream: 'by the subscription', parts: 'in parts' } as const;

function moved({ comparison, copy, sides, access, sequences }: Facts): string {
  if (!comparison) {
    const bytes = copy.bytes === null ? 'Nothing that was compared yet' : `${bytesInWords(copy.bytes)} so far, not yet compared`;
    return `${bytes}, from ${sides.source} to ${sides.target}.`;
  }
  const how = copy.way ? `, ${WAYS[copy.way]}${copy.parts > 0 ? ` (${counted(copy.parts, 'part')})` : ''}` : '';
  const rights = access?.carried ? ` and ${counted(access.roles, 'role')} with owners, grants and settings` : '';
  return (
    `${counted(comparison.tables, 'table')} with ${counted(comparison.rows, 'row')}, ${bytesInWords(comparison.bytes)}, ` +
    `${counted(sequences?.count ?? 0, 'sequence')}${rights}, from ${sides.source} to ${sides.target}${how}.`
  );
}

function took({ executions, copy }: Facts): string {
  const first = executions[0];
  if (!first) return 'Nothing was started.';
  const endOf = ({ endedAt, startedAt }: { readonly endedAt: string | null; readonly startedAt: string }) =>
    Date.parse(endedAt ?? startedAt);
  const ends = executions.map(endOf);
  const last = executions.toSorted((one, other) => endOf(one) - endOf(other)).at(-1) ?? first;
  const whole = (Math.max(...ends) - Date.parse(first.startedAt)) / 1000;
  const copying = copy.seconds === null ? '' : ` The copy took ${secondsInWords(copy.seconds)} of it.`;
  const machines = executions
    .filter(({ seconds }) => seconds !== null)
    .map(
      ({ machine, seconds, status }) =>
        `${machine} ${secondsInWords(seconds ?? 0)}${status === 'SUCCEEDED' ? '' : ` (${status.toLowerCase()})`}`,
    );
  const running = executions.some(({ endedAt }) => endedAt === null) ? ', and something is running' : '';
  return `${secondsInWords(whole)} from the start of ${first.machine} to the end of ${last.machine}${running}.${copying} ${machines.join(', ')}.`;
}

function ofSwitch({ from, to, fencedMs, writersPauseMs }: SwitchReport): string {
  const fenced = fencedMs === null ? 'for a time that was not recorded' : `for ${millisecondsInWords(fencedMs)}`;
  const seen = writersPauseMs === null ? '' : `; writers of the application saw ${millisecondsInWords(writersPauseMs)} between two writes`;
  return `${NAMES[from]} to ${NAMES[to]}: writes waited ${fenced}${seen}.`;
}

function without({ switches }: Facts, { executions }: MigrationHistory): string {
  const attempts = attemptsOf(executions).map(
    ({ machine, execution }) =>
      `${machine} ${execution} began to switch and was cut off, or was completed afterwards: for how long it kept writes waiting was not recorded.`,
  );
  if (switches.length + attempts.length === 0) return 'Not at all: the application was not switched.';
  const measured = switches.filter(({ fencedMs }) => fencedMs !== null).map(ofSwitch);
  return [...measured, ...attempts, 'Each switch ends the sessions of the application, which connect anew.'].join(' ');
}

/** A comparison that found differences after the last one that found none. */
const lastRefusal = (executions: MigrationHistory['executions']): MigrationHistory['executions'][number] | undefined => {
  const last = executions.findLast(({ error, evidence }) => error === DIFFERS || fieldsOf(evidence.CompareData).finished === true);
  return last?.error === DIFFERS ? last : undefined;
};
const DIFFERS: ErrorName = 'DataDiffers';

function proved({ comparison, sequences, indexes, writes }: Facts, { executions }: MigrationHistory): string {
  const refused = lastRefusal(executions);
  if (refused)
    return `The last comparison found differences, in ${refused.machine} ${refused.execution}: what differs stands with the findings.`;
  if (!comparison) return 'Nothing yet: no comparison has come to its end.';
  const different = comparison.different.length + comparison.moreDifferent;
  const [done, of] = [indexes.reduce((sum, one) => sum + one.done, 0), indexes.reduce((sum, one) => sum + one.of, 0)];
  const behind = sequences?.behind.length ?? 0;
  const switchedWith = lastOf(executions, 'SwitchOver')?.fields.proved;
  const written = writes.at(-1);
  return [
    `${countInWords(comparison.tables - different)} of ${counted(comparison.tables, 'table')} equal, by a hash of all values of each of ${counted(comparison.rows, 'row')}, while changes flowed.`,
    `${countInWords((sequences?.count ?? 0) - behind)} of ${counted(sequences?.count ?? 0, 'sequence')} ahead of the source.`,
    `${countInWords(done)} of ${countInWords(of)} keys, indexes and other objects that follow the rows are there.`,
    ...(switchedWith ? ['At the switch a last marker arrived, so every change made before it had arrived as well.'] : []),
    ...(written && written.lost !== null
      ? [
          `Of ${counted(written.acknowledged, 'write')} that the databases acknowledged to writers, ${countInWords(written.lost)} were lost and ${countInWords(written.duplicated ?? 0)} duplicated.`,
        ]
      : []),
  ].join(' ');
}

function left({ executions }: MigrationHistory, sentences: readonly string[]): string {
  if (executions.length === 0) return 'Nothing: nothing was started.';
  if (executions.every(({ machine }) => machine === 'Preflight')) return 'Nothing: nothing was moved.';
  if (sentences.length === 0) return 'Nothing: Cleanup removed all that the migration had made, and put back all that it had changed.';
  const cleaned = wasCleaned(executions) ? 'Cleanup removed what the migration had made. ' : '';
  return `${cleaned}${counted(sentences.length, 'thing')} to know, listed below.`;
}

const CENT = 0.01;

function cost({ costs }: Facts): string {
  const known = costs.filter(({ dollars }) => dollars !== null);
  if (known.length === 0) return 'Unknown: nothing that has a price was measured.';
  const sum = known.reduce((all, { dollars }) => all + (dollars ?? 0), 0);
  const unknown = costs.length - known.length;
  return `${sum < CENT ? `Less than ${dollarsInWords(CENT)}` : `About ${dollarsInWords(sum)}`} at list prices${unknown > 0 ? `, and ${counted(unknown, 'item')} of which the price is not known` : ''}.`;
}

export const answersOf = (facts: Facts, history: MigrationHistory): Answers => ({
  moved: moved(facts),
  took: took(facts),
  without: without(facts, history),
  proved: proved(facts, history),
  left: left(history, facts.left),
  cost: cost(facts),
});
