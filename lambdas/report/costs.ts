/** What a migration cost so far, at list prices, from what was measured. docs/costs.md has the prices and what they are made of. */
import { bytesInWords, secondsInWords } from '../config/in-words.ts';
import type { CostItem } from '../forecast/forecast.ts';
import { GB, MONTH_SECONDS, PRICES, WORKER_GB } from '../forecast/prices.ts';
import { fieldsOfLast, listIn, numberIn } from './evidence.ts';
import type { MigrationHistory, Sample } from './history.ts';
import type { MigrationReport } from './model.ts';
import { ofForward } from './standing.ts';

/** Value times seconds under the samples, each held until the next. */
function areaOf(samples: readonly Sample[]): number {
  return samples.reduce((area, [at, value], index) => {
    const next = samples[index + 1];
    return next ? area + (value * (next[0] - at)) / 1000 : area;
  }, 0);
}

/** As many as were listed, or may work at a time where those are fewer. */
function workersOf(executions: MigrationHistory['executions']): number {
  const seeded = fieldsOfLast(executions, 'SeedCopy');
  const listed = listIn(seeded?.workers).filter(({ step }) => step === 'CopyParts').length;
  return Math.min(listed, numberIn(seeded?.mayWork) ?? listed);
}

/** @param now in milliseconds since 1970 */
export function costsOf(
  { executions, series }: MigrationHistory,
  { copy, switches }: Pick<MigrationReport, 'copy' | 'switches'>,
  now: number,
): CostItem[] {
  const first = executions[0];
  if (!first) return [];
  const ends = executions.map(({ endedAt }) => (endedAt === null ? now : Date.parse(endedAt)));
  const seconds = (Math.max(...ends) - Date.parse(first.startedAt)) / 1000;
  const workers = workersOf(executions);
  const kept = ofForward(series.WalKeptBytes ?? [], switches);
  const { bytes, way } = copy;
  const priced = (amount: number | null, price: number): number | null => (amount === null ? null : amount * price);
  return [
    {
      item: 'The stack',
      dollars: (PRICES.stackAMonth * seconds) / MONTH_SECONDS,
      source: `${secondsInWords(seconds)} at ${PRICES.stackAMonth} a month while a migration is open.`,
    },
    {
      item: 'Rows on their way out of the cluster',
      dollars: priced(bytes, PRICES.gbOut / GB),
      source:
        bytes === null
          ? 'How much was copied is not known yet.'
          : `${bytesInWords(bytes)} at ${PRICES.gbOut} per GB to anywhere outside of AWS; within the region it is a tenth of that. Changes come on top.`,
    },
    ...(way === 'parts'
      ? [
          {
            item: 'Rows through a NAT gateway',
            dollars: priced(bytes, PRICES.gbNat / GB),
            source: `At ${PRICES.gbNat} per GB, since workers in the VPC copied them; by PrivateLink it is 0.01.`,
          },
          {
            item: 'Workers of the copy',
            dollars: copy.seconds === null || workers === 0 ? null : copy.seconds * workers * WORKER_GB * PRICES.functionGbSecond,
            source:
              copy.seconds === null || workers === 0
                ? 'How many worked, and for how long, is not known.'
                : `${workers} for ${secondsInWords(copy.seconds)} with ${WORKER_GB} GB of memory, at most.`,
          },
        ]
      : []),
    {
      item: 'WAL that the cluster kept',
      dollars: kept.length > 1 ? ((areaOf(kept) / GB) * PRICES.gbStoredAMonth) / MONTH_SECONDS : null,
      source:
        kept.length > 1
          ? `By the metric WalKeptBytes, at ${PRICES.gbStoredAMonth} per GB and month.`
          : 'No metric WalKeptBytes was measured.',
    },
  ];
}
