/** The forecast beside what it came to be. */
import { FIGURES, type FigureName } from '../forecast/forecast.ts';
import { LABELS } from '../forecast/words.ts';
import { fieldsOfLast, listIn, numberIn, sumOf } from './evidence.ts';
import type { MigrationHistory, Sample } from './history.ts';
import type { ForecastReport, MigrationReport } from './model.ts';
import { ofForward } from './standing.ts';

const largest = (samples: readonly Sample[] = []): number | null =>
  samples.length > 0 ? samples.reduce((most, [, value]) => Math.max(most, value), 0) : null;

export type Known = Pick<MigrationReport, 'copy' | 'comparison' | 'switches' | 'sequences' | 'indexes' | 'costs'>;

/** What happened, by the name of its figure; nothing where a figure has no counterpart, or nobody measured it. */
function factsOf({ executions, series }: MigrationHistory, known: Known): Readonly<Partial<Record<FigureName, number | null>>> {
  const { copy, comparison, switches, sequences, indexes, costs } = known;
  const first = switches.find(({ to }) => to === 'target');
  return {
    tableBytes: comparison?.bytes ?? null,
    tables: comparison?.tables ?? null,
    rows: comparison?.rows ?? null,
    copyByStream: copy.way === 'stream' ? copy.seconds : null,
    copyInParts: copy.way === 'parts' ? copy.seconds : null,
    walKept: largest(ofForward(series.WalKeptBytes ?? [], switches)),
    targetRoom: largest(series.TargetBytes),
    indexes: indexes.length > 0 ? indexes.reduce((sum, { of }) => sum + of, 0) : null,
    buildIndexes: sumOf(executions, ['BuildKeys', 'BuildIndexes']),
    sequences: sequences?.count ?? null,
    fence: first?.fencedMs ?? null,
    dollars: costs.every(({ dollars }) => dollars === null) ? null : costs.reduce((sum, { dollars }) => sum + (dollars ?? 0), 0),
  };
}

/** In the order in which the forecast tells them; without one, what is known all the same. */
export function forecastOf(history: MigrationHistory, known: Known): ForecastReport[] {
  const figures = listIn(fieldsOfLast(history.executions, 'Forecast')?.figures);
  const facts = factsOf(history, known);
  return (Object.keys(FIGURES) as FigureName[]).flatMap((name) => {
    const figure = figures.find((one) => one.name === name);
    const fact = facts[name] ?? null;
    if (!figure && fact === null) return [];
    const source = typeof figure?.source === 'string' ? figure.source : 'Preflight was not started, so nothing was foretold.';
    return [{ name, label: LABELS[name], unit: FIGURES[name], forecast: numberIn(figure?.value), source, fact }];
  });
}
