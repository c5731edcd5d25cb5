/** What a migration costs, item by item, at the list prices of docs/costs.md. */
import type { MigrationInput } from '../config/input.ts';
import type { Copying } from './copying.ts';
import type { CostItem, Figure } from './forecast.ts';
import { figure, NotKnown, need, rounded, whyNot } from './known.ts';
import type { Seen } from './look.ts';
import { bytesInWords, secondsInWords } from './words.ts';
import { walRate } from './writes.ts';

/** US dollars: us-east-1, February 2026, as docs/costs.md has them. */
export const PRICES = {
  /** The stack while a migration is open. */
  stackMonth: 13.59,
  /** Of a function. */
  gigabyteSecond: 0.0000133,
  /** What leaves the cluster, within the region. */
  terabyteInRegion: 10,
  /** What passes a NAT gateway. */
  terabyteByNat: 45,
  /** Of Aurora's volume. */
  gigabyteMonth: 0.1,
} as const;
/** Memory of a worker's function. */
const WORKER_GIGABYTES = 0.5;
const DAYS_A_MONTH = 730 / 24;
const SECONDS_A_MONTH = 730 * 3_600;
const GIGABYTE = 1024 ** 3;
const TERABYTE = 1024 ** 4;
const ROWS = 'rows on their way';
const KEY = '"forecastDollarsPerTerabyte"';

function item(name: string, make: () => { readonly dollars: number; readonly source: string }): CostItem {
  try {
    const { dollars, source } = make();
    return { item: name, dollars: rounded(dollars, 'dollars'), source };
  } catch (error) {
    return { item: name, dollars: null, source: whyNot(error) };
  }
}

const priceOf = ({ forecastDollarsPerTerabyte }: MigrationInput, otherwise: number): number => forecastDollarsPerTerabyte ?? otherwise;

export function costs(seen: Seen, { way, bytes, streamSeconds, seconds, walKept }: Copying): CostItem[] {
  const { input } = seen;
  const days = input.forecastDays;
  return [
    item('the stack', () => ({
      dollars: (PRICES.stackMonth * days) / DAYS_A_MONTH,
      source: `${PRICES.stackMonth} a month for ${days} days ("forecastDays"): docs/costs.md.`,
    })),
    item('functions that copy rows', () => {
      if (way === null) throw new NotKnown('The way of the copy is not known.');
      if (way === 'stream') return { dollars: 0, source: 'The subscription copies, and no function.' };
      return {
        dollars: need(streamSeconds) * WORKER_GIGABYTES * PRICES.gigabyteSecond,
        source: `${secondsInWords(need(streamSeconds))} of a worker, at the bandwidth, × ${WORKER_GIGABYTES} GB × ${PRICES.gigabyteSecond}.`,
      };
    }),
    item(ROWS, () => {
      if (way === null) throw new NotKnown('The way of the copy is not known.');
      const price = priceOf(input, way === 'parts' ? PRICES.terabyteByNat : PRICES.terabyteInRegion);
      const by = way === 'parts' ? 'through a NAT gateway' : 'out of the cluster within its region';
      return {
        dollars: (need(bytes) / TERABYTE) * price,
        source: `${bytesInWords(need(bytes))} of tables ${by}, × ${price} for a terabyte (${KEY}).`,
      };
    }),
    item('changes on their way', () => {
      const { bytes: hourly, by } = need(walRate(seen));
      const price = priceOf(input, PRICES.terabyteInRegion);
      return {
        dollars: ((hourly * 24 * days) / TERABYTE) * price,
        source: `${by} for ${days} days ("forecastDays"), × ${price} for a terabyte (${KEY}). The stream sends changes alone, which are less than the WAL.`,
      };
    }),
    item('WAL kept during the copy', () => ({
      dollars: ((need(walKept) / GIGABYTE) * PRICES.gigabyteMonth * need(seconds)) / SECONDS_A_MONTH,
      source: `walKept for as long as the copy takes, × ${PRICES.gigabyteMonth} for a GB and month.`,
    })),
    item('gateways, load balancers and public addresses', () => {
      throw new NotKnown('They depend on the network of the deployment: docs/costs.md has their prices.');
    }),
    item('both clusters', () => {
      throw new NotKnown('What Aurora and PlanetScale cost while both are kept depends on their sizes and contracts.');
    }),
  ];
}

/** Without the rows it would be no total of anything. */
export const dollars = (items: readonly CostItem[]): Figure =>
  figure('dollars', () => {
    const rows = items.find(({ item: name }) => name === ROWS);
    if (rows?.dollars == null) throw new NotKnown(`What it costs to copy the rows is not known. ${rows?.source ?? ''}`.trim());
    const missing = items.filter((one) => one.dollars === null).map(({ item: name }) => name);
    return {
      value: items.reduce((all, one) => all + (one.dollars ?? 0), 0),
      source: `All items of the cost together${missing.length > 0 ? `, without ${missing.join(', ')}, which are not known` : ''}.`,
    };
  });
