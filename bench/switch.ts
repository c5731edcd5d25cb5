/**
 * Downtime of a switch for an application's writes, over many rehearsals of a small shop, one after another.
 * `npm run bench:switch -- --rehearsals 20 --rate 200 --source-version 15 --target-version 18`
 *
 * With `--without-edge` every rehearsal is followed by one without the edge before the target, and the cost of the edge is printed as a
 * ratio: both then had the same machine to themselves.
 */
import { parseArgs } from 'node:util';
import type { Progress } from '../rehearsal/display/progress.ts';
import { parseOptions, type RehearsalOptions } from '../rehearsal/options.ts';
import { rehearse } from '../rehearsal/rehearse.ts';
import type { Report } from '../rehearsal/report.ts';
import type { SwitchRecord } from '../rehearsal/switches.ts';

const { values } = parseArgs({
  options: {
    rehearsals: { type: 'string', default: '20' },
    rate: { type: 'string', default: '200' },
    rows: { type: 'string', default: '1000' },
    'source-version': { type: 'string', default: '15' },
    'target-version': { type: 'string', default: '18' },
    'without-edge': { type: 'boolean', default: false },
  },
});
const { rehearsals: times, 'without-edge': alsoWithout, ...passedOn } = values;
const rehearsals = Number(times);
if (!(Number.isInteger(rehearsals) && rehearsals > 0)) throw new Error(`--rehearsals must be a whole number above 0, not ${times}.`);
const options = parseOptions(Object.entries(passedOn).map(([name, value]) => `--${name}=${value}`));
if (options === 'help') throw new Error('There is no help here.');

const silent: Progress = { say: () => {}, visiting: () => {}, visited: () => {}, ended: () => {}, clear: () => {} };

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

const ms = (value: number): string => `${value.toFixed(1).padStart(8)} ms`;
const line = (name: string, numbers: readonly number[]): string => `${name.padEnd(34)}${ms(median(numbers))}${ms(Math.max(...numbers))}`;

function tell(name: string, switches: readonly SwitchRecord[]): void {
  const known = (of: (one: SwitchRecord) => number | null) => switches.map(of).filter((value) => value !== null);
  console.log(`\n${name}, ${switches.length} times${''.padEnd(6)}median        worst`);
  console.log(
    line(
      '  downtime, by the writers',
      known(({ writersDowntimeMs }) => writersDowntimeMs),
    ),
  );
  console.log(
    line(
      '  downtime, by the execution',
      known(({ downtimeMs }) => downtimeMs),
    ),
  );
  for (const part of new Set(switches.flatMap(({ parts }) => parts.map((one) => one.name)))) {
    console.log(
      line(
        `    ${part}`,
        switches.flatMap(({ parts }) => parts.filter((one) => one.name === part).map((one) => one.ms)),
      ),
    );
  }
  const trips = (of: keyof SwitchRecord['roundTrips']) => Math.max(...switches.map(({ roundTrips }) => roundTrips[of]));
  console.log(
    `  round trips at most: ${trips('source')} to the source, ${trips('target')} to the target, ${trips('inSequence')} one after another`,
  );
}

const reports: Report[] = [];
/** Of those without the edge before the target. */
const bare: Report[] = [];

async function rehearseOnce(number: number, into: Report[]): Promise<void> {
  const report = await rehearse(options as RehearsalOptions, { progress: silent, ...(into === bare ? { edge: 'none' as const } : {}) });
  into.push(report);
  const downtimes = report.switches.map(({ writersDowntimeMs }) => `${writersDowntimeMs?.toFixed(0) ?? '?'} ms`).join(', ');
  const how = alsoWithout ? (into === bare ? '  without the edge' : '  with the edge   ') : '';
  console.log(`${String(number).padStart(3)}${how}  ${report.outcome}  ${downtimes}  ${report.reasons.join(' ')}`);
}

for (let number = 1; number <= rehearsals; number += 1) {
  await rehearseOnce(number, reports);
  if (alsoWithout) await rehearseOnce(number, bare);
}

const switches = reports.flatMap((report) => report.switches);
const sum = (of: (report: Report) => number | null): number => reports.reduce((total, report) => total + (of(report) ?? 0), 0);
if (switches.length > 0) tell(alsoWithout ? 'every switch, with the edge' : 'every switch', switches);
const back = switches.filter(({ direction }) => direction === 'target→source');
if (back.length > 0) tell('those back', back);
if (alsoWithout) {
  const found = bare.flatMap((report) => report.switches);
  tell('without the edge', found);
  for (const what of ['writersDowntimeMs', 'downtimeMs'] as const) {
    const of = (all: readonly SwitchRecord[]) => median(all.map((one) => one[what]).filter((value) => value !== null));
    console.log(`  ${what.padEnd(20)} with the edge ${(of(switches) / of(found)).toFixed(2)} times as long as without`);
  }
}
console.log(
  `\n${reports.filter(({ outcome }) => outcome === 'passed').length} of ${rehearsals} passed. ` +
    `${sum(({ writes }) => writes.acknowledged)} writes acknowledged, ${sum(({ writes }) => writes.lost)} lost, ` +
    `${sum(({ writes }) => writes.duplicated)} duplicated, ${sum(({ writes }) => writes.duplicateKeys)} duplicate keys, ` +
    `${sum(({ writes }) => writes.overlap)} acknowledged by a side that was left; ` +
    `${sum(({ tables }) => tables.different.length)} tables different, ${sum(({ catalogs }) => catalogs.different.length)} catalog entries not as before.`,
);
if ([...reports, ...bare].some(({ outcome }) => outcome !== 'passed')) process.exitCode = 1;
