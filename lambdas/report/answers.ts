/** The questions of somebody who was not there, answered in sentences. */

import { bytesInWords, counted, countInWords, dollarsInWords, millisecondsInWords, secondsInWords } from '../config/in-words.ts';
import { lastOf } from './evidence.ts';
import type { MigrationHistory } from './history.ts';
import { wasCleaned } from './left.ts';
import type { Answers, MigrationReport, SwitchReport } from './model.ts';
import { servingOf } from './moved.ts';

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
  const last = executions.at(-1);
  if (!first || !last) return 'Nothing was started.';
  const ends = executions.map(({ endedAt, startedAt }) => Date.parse(endedAt ?? startedAt));
  const whole = (Math.max(...ends) - Date.parse(first.startedAt)) / 1000;
  const copying = copy.seconds === null ? '' : ` The copy took ${secondsInWords(copy.seconds)} of it.`;
  const machines = executions
    .filter(({ seconds }) => seconds !== null)
    .map(
      ({ machine, seconds, status }) =>
        `${machine} ${secondsInWords(seconds ?? 0)}${status === 'SUCCEEDED' ? '' : ` (${status.toLowerCase()})`}`,
    );
  return `${secondsInWords(whole)} from the start of ${first.machine} to the end of ${last.machine}.${copying} ${machines.join(', ')}.`;
}

const NAMES = { source: 'Aurora', target: 'PlanetScale' } as const;

function ofSwitch({ from, to, fencedMs, writersPauseMs }: SwitchReport): string {
  const fenced = fencedMs === null ? 'for a time that was not recorded' : `for ${millisecondsInWords(fencedMs)}`;
  const seen = writersPauseMs === null ? '' : `; writers of the application saw ${millisecondsInWords(writersPauseMs)} between two writes`;
  return `${NAMES[from]} to ${NAMES[to]}: writes waited ${fenced}${seen}.`;
}

function without({ switches }: Facts, { executions }: MigrationHistory): string {
  if (switches.length === 0 && servingOf(executions) === 'target')
    return 'Not known: the switch was cut off and completed afterwards, and nobody measured it.';
  if (switches.length === 0) return 'Not at all: the application was not switched.';
  return `${switches.map(ofSwitch).join(' ')} Each switch ended the sessions of the application, which connected anew.`;
}

function proved({ comparison, sequences, indexes, writes }: Facts, { executions }: MigrationHistory): string {
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

/** Where the migration stands, by its last executions. */
export function outcomeOf(facts: Facts, history: MigrationHistory): MigrationReport['outcome'] {
  const { executions } = history;
  const acting = executions.filter(({ machine }) => machine !== 'Preflight' && machine !== 'Pace');
  const last = acting.at(-1);
  if (!last) return { code: 'nothing moved', says: 'Nothing was moved: only Preflight has looked.' };
  const serving = servingOf(executions);
  const where = serving === undefined ? 'Aurora serves the application, as before.' : `${NAMES[serving]} serves the application.`;
  if (last.status !== 'SUCCEEDED' && last.status !== 'RUNNING')
    return {
      code: 'failed',
      says: `${last.machine} ended ${last.status.toLowerCase().replace('_', ' ')}${last.error ? `: ${last.error}` : ''}. ${where}`,
    };
  if (wasCleaned(executions)) return { code: 'cleaned up', says: `The migration is over and cleaned up. ${where}` };
  if (serving === 'target') return { code: 'on PlanetScale', says: `Switched. ${where}` };
  if (serving === 'source' && facts.switches.length > 0) return { code: 'back on Aurora', says: `Switched and rolled back. ${where}` };
  const ready = acting.findLast(({ machine }) => machine === 'Replicate')?.status === 'SUCCEEDED';
  return ready
    ? { code: 'ready', says: `Everything is copied, compared and in step; Cutover may be started. ${where}` }
    : { code: 'copying', says: `The migration is under way. ${where}` };
}

export const answersOf = (facts: Facts, history: MigrationHistory): Answers => ({
  moved: moved(facts),
  took: took(facts),
  without: without(facts, history),
  proved: proved(facts, history),
  left: left(history, facts.left),
  cost: cost(facts),
});
