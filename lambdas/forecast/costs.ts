/** What a migration costs, item by item, at list prices. */
import { bytesInWords, secondsInWords } from '../config/in-words.ts';
import type { Copying } from './copying.ts';
import type { CostItem, Figure } from './forecast.ts';
import { figure, NotKnown, need, rounded, whyNot } from './known.ts';
import type { Seen } from './look.ts';
import { GB, MONTH_SECONDS, PRICES, WORKER_GB } from './prices.ts';
import { walRate } from './writes.ts';

const DAY_SECONDS = 86_400;
const TERABYTE = 1e12;
const ROWS = 'Rows on their way out of the cluster';

function item(name: string, make: () => { readonly dollars: number; readonly source: string }): CostItem {
  try {
    const { dollars, source } = make();
    return { item: name, dollars: rounded(dollars, 'dollars'), source };
  } catch (error) {
    return { item: name, dollars: null, source: whyNot(error) };
  }
}

/** The same items as the report of what it cost, and those that only a contract or a network knows. */
export function costs(seen: Seen, { way, bytes, streamSeconds, seconds, walKept }: Copying): CostItem[] {
  const { forecastDays: days, forecastDollarsPerTerabyte: price } = seen.input;
  const out = `${price} for a TB ("forecastDollarsPerTerabyte")`;
  return [
    item('The stack', () => ({
      dollars: (PRICES.stackAMonth * days * DAY_SECONDS) / MONTH_SECONDS,
      source: `${PRICES.stackAMonth} a month while a migration is open, assumed for ${days} days ("forecastDays").`,
    })),
    item(ROWS, () => ({
      dollars: (need(bytes) / TERABYTE) * price,
      source: `${bytesInWords(need(bytes))} of tables at ${out}.`,
    })),
    item('Changes on their way out of the cluster', () => {
      const { bytes: hourly, by } = need(walRate(seen));
      return {
        dollars: ((hourly * 24 * days) / TERABYTE) * price,
        source: `${by}, ${bytesInWords(hourly)} an hour, for ${days} days ("forecastDays") at ${out}. Less is sent than WAL is written.`,
      };
    }),
    ...(way === 'parts'
      ? [
          item('Rows through a NAT gateway', () => ({
            dollars: (need(bytes) / GB) * PRICES.gbNat,
            source: `${bytesInWords(need(bytes))} of tables at ${PRICES.gbNat} per GB, since workers in the VPC copy them; by PrivateLink it is 0.01.`,
          })),
          item('Workers of the copy', () => ({
            dollars: need(streamSeconds) * WORKER_GB * PRICES.functionGbSecond,
            source: `${secondsInWords(need(streamSeconds))} of one worker, with ${WORKER_GB} GB of memory.`,
          })),
        ]
      : []),
    item('WAL that the cluster kept', () => ({
      dollars: ((need(walKept) / GB) * PRICES.gbStoredAMonth * need(seconds)) / MONTH_SECONDS,
      source: `${bytesInWords(need(walKept))} for as long as the copy takes, at ${PRICES.gbStoredAMonth} per GB and month.`,
    })),
    item('Gateways, load balancers and public addresses', () => {
      throw new NotKnown('They depend on the network of the deployment: docs/costs.md has their prices.');
    }),
    item('Both clusters', () => {
      throw new NotKnown('What Aurora and PlanetScale cost while both are kept depends on their sizes and contracts.');
    }),
  ];
}

/** Without the rows it would be no total of anything. */
export const dollars = (items: readonly CostItem[]): Figure =>
  figure('dollars', () => {
    const rows = items.find((one) => one.item === ROWS);
    if (rows?.dollars == null) throw new NotKnown(`What it costs to copy the rows is not known. ${rows?.source ?? ''}`.trim());
    const missing = items.filter((one) => one.dollars === null).map((one) => `"${one.item}"`);
    return {
      value: items.reduce((all, one) => all + (one.dollars ?? 0), 0),
      source: `List prices of us-east-1 (docs/costs.md), all items together, without ${missing.join(', ')}, which are not known.`,
    };
  });
