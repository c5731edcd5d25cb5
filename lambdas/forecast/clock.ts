/** What is measured by the clock of the function: round trips, and how fast text comes from a server. */
import type { Reader } from '../ports/database.ts';
import { generatedText, nothing } from './look.sql.ts';

/** Of which the median is told: a first one, or one beside a busy moment, says little. */
const ROUND_TRIPS = 9;
const MEBIBYTE = 1024 ** 2;
/** The first piece tells how large the second may be. */
const FIRST_MEBIBYTES = 1;
const MOST_MEBIBYTES = 16;
/** Seconds that the second piece may take. */
const WANTED_SECONDS = 1.5;

export interface RoundTrip {
  readonly milliseconds: number;
  readonly of: number;
}

export async function roundTrip(reader: Reader): Promise<RoundTrip> {
  await reader.query(nothing()); // which may open the connection
  const times: number[] = [];
  for (let n = 0; n < ROUND_TRIPS; n += 1) times.push(await timed(() => reader.query(nothing())));
  return { milliseconds: median(times), of: ROUND_TRIPS };
}

export interface Bandwidth {
  /** Of one connection. */
  readonly bytesPerSecond: number;
  readonly bytes: number;
  readonly seconds: number;
}

/** Text that the server makes, through one connection to the function. The time of one round trip is not counted. */
export async function bandwidth(reader: Reader, { milliseconds }: RoundTrip): Promise<Bandwidth> {
  const piece = async (mebibytes: number): Promise<Bandwidth> => {
    const took = await timed(() => reader.query(generatedText(mebibytes)));
    const seconds = Math.max(took - milliseconds, 0.1) / 1000;
    return { bytes: mebibytes * MEBIBYTE, seconds, bytesPerSecond: (mebibytes * MEBIBYTE) / seconds };
  };
  const first = await piece(FIRST_MEBIBYTES);
  const mebibytes = Math.min(MOST_MEBIBYTES, Math.floor((first.bytesPerSecond * WANTED_SECONDS) / MEBIBYTE));
  return mebibytes > FIRST_MEBIBYTES ? piece(mebibytes) : first;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

function median(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
