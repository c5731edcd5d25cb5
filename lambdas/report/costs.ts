/** What a migration cost so far, at list prices, from what was measured. docs/costs.md has the prices and what they are made of. */

import { bytesInWords, secondsInWords } from '../config/in-words.ts';
import { PRICES } from '../forecast/costs.ts';
import type { CostItem } from '../forecast/forecast.ts';
import { fieldsOfLast, listIn, numberIn } from './evidence.ts';
import type { MigrationHistory, Sample } from './history.ts';
import type { MigrationReport } from './model.ts';

const GIGABYTE = 1024 ** 3;
const TERABYTE = 1024 ** 4;
const MONTH_SECONDS = 730 * 3_600;
/** Of a worker of the copy; see the step CopyParts. */
const WORKER_GIGABYTES = 0.5;

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
export function costsOf({ executions, series }: MigrationHistory, copy: MigrationReport['copy'], now: number): CostItem[] {
  const first = executions[0];
  if (!first) return [];
  const ends = executions.map(({ endedAt }) => (endedAt === null ? now : Date.parse(endedAt)));
  const seconds = (Math.max(...ends) - Date.parse(first.startedAt)) / 1000;
  const kept = series.WalKeptBytes ?? [];
  const { bytes, way } = copy;
  const priced = (amount: number | null, price: number): number | null => (amount === null ? null : amount * price);
  const [price, by] = way === 'parts' ? [PRICES.terabyteByNat, 'through a NAT gateway'] : [PRICES.terabyteInRegion, 'within the region'];
  return [
    {
      item: 'the stack',
      dollars: (PRICES.stackMonth * seconds) / MONTH_SECONDS,
      source: `${secondsInWords(seconds)} at ${PRICES.stackMonth} a month while a migration is open.`,
    },
    ...(way === 'parts' ? [ofWorkers(copy, workersOf(executions))] : []),
    {
      item: 'rows on their way',
      dollars: priced(bytes, price / TERABYTE),
      source: bytes === null ? 'How much was copied is not known yet.' : `${bytesInWords(bytes)} at ${price} for a terabyte ${by}.`,
    },
    {
      item: 'WAL that the cluster kept',
      dollars: kept.length > 1 ? ((areaOf(kept) / GIGABYTE) * PRICES.gigabyteMonth) / MONTH_SECONDS : null,
      source:
        kept.length > 1
          ? `By the metric WalKeptBytes, at ${PRICES.gigabyteMonth} for a GB and month.`
          : 'No metric WalKeptBytes was measured.',
    },
    { item: 'changes on their way', dollars: null, source: 'Nothing measures how much of the WAL was sent.' },
    {
      item: 'gateways, load balancers, public addresses, and both clusters',
      dollars: null,
      source: 'They depend on the deployment and on contracts: docs/costs.md has their prices.',
    },
  ];
}

function ofWorkers({ seconds }: MigrationReport['copy'], workers: number): CostItem {
  const item = 'functions that copied rows';
  if (seconds === null || workers === 0) return { item, dollars: null, source: 'How many worked, and for how long, is not known.' };
  return {
    item,
    dollars: seconds * workers * WORKER_GIGABYTES * PRICES.gigabyteSecond,
    source: `${workers} for ${secondsInWords(seconds)} at most, with ${WORKER_GIGABYTES} GB each, at ${PRICES.gigabyteSecond} for a GB and second.`,
  };
}
