/** How much the source writes, and for how long its transactions are open. */
import { secondsInWords } from '../config/in-words.ts';
import type { Figure } from './forecast.ts';
import { attempt, figure, type Known, NotKnown, need } from './known.ts';
import type { Counter } from './look.sql.ts';
import type { Seen, Twice } from './look.ts';

const HOUR = 3_600;
const LOGICAL = 'logical';

const pace = ({ after, before }: Twice<{ readonly at: number }>): number => after.at - before.at;

/** @throws NotKnown */
function walSeen({ wal, input }: Seen): { readonly value: number; readonly source: string } {
  const { before, after } = need(wal);
  const seconds = pace({ before, after });
  if (input.forecastSeconds === 0 || seconds <= 0) throw new NotKnown('The input says not to watch ("forecastSeconds": 0).');
  if (after.startedAt !== before.startedAt || after.bytes < before.bytes) {
    throw new NotKnown('The server was restarted or replaced while it was watched.');
  }
  if (after.bytes === before.bytes) {
    throw new NotKnown(
      `The position of the WAL did not move in ${secondsInWords(seconds)}: nothing was written, or the server does not tell it.`,
    );
  }
  return {
    value: ((after.bytes - before.bytes) / seconds) * HOUR,
    source: `Measured on the source, of the whole server: pg_current_wal_lsn twice, ${secondsInWords(seconds)} apart ("forecastSeconds"). ${
      before.walLevel === LOGICAL ? 'Other hours may write more.' : `More is written once wal_level is logical; it is ${before.walLevel}.`
    }`,
  };
}

/** @throws NotKnown */
function walCounted({ walStatistics }: Seen): { readonly value: number; readonly source: string } {
  const { count, seconds } = need(walStatistics);
  if (seconds === null || seconds <= 0) throw new NotKnown('The server does not say since when it counts its WAL.');
  if (count === 0) throw new NotKnown('The server counts no WAL in pg_stat_wal, as Aurora may not.');
  return {
    value: (count / seconds) * HOUR,
    source: `pg_stat_wal on the source, of the whole server, since it was reset ${secondsInWords(seconds)} ago: quiet hours and busy ones together.`,
  };
}

/** Committed and rolled back. @throws NotKnown */
function perSecond({ transactions, input }: Seen): { readonly value: number; readonly source: string } {
  const { before, after } = need(transactions);
  const seconds = pace({ before, after });
  if (input.forecastSeconds === 0 || seconds <= 0) return sinceReset(after);
  if (after.count < before.count) throw new NotKnown('The counters of the server were reset while it was watched.');
  return {
    value: (after.count - before.count) / seconds,
    source: `Measured on the source: pg_stat_database of this database twice, ${secondsInWords(seconds)} apart ("forecastSeconds"), reads and a few of ours included.`,
  };
}

function sinceReset({ count, seconds }: Counter): { readonly value: number; readonly source: string } {
  if (seconds === null || seconds <= 0) {
    throw new NotKnown(
      'The server does not say since when it counts transactions, and the input says not to watch ("forecastSeconds": 0).',
    );
  }
  return {
    value: count / seconds,
    source: `pg_stat_database of this database on the source, since it was reset ${secondsInWords(seconds)} ago, reads included.`,
  };
}

/** Statistics of a shorter time tell of what has just been loaded. */
const LEAST_COUNTED_SECONDS = HOUR;

const isLongEnough = ({ walStatistics }: Seen): boolean =>
  walStatistics.known && (walStatistics.value.seconds ?? 0) >= LEAST_COUNTED_SECONDS;

/** Bytes an hour to reckon with: the greater of what was seen and what was counted for an hour at least. */
export function walRate(seen: Seen): Known<{ readonly bytes: number; readonly by: string }> {
  const rates = [
    { rate: attempt(() => walSeen(seen)), by: 'WAL as measured' },
    ...(isLongEnough(seen) || !seen.wal.known ? [{ rate: attempt(() => walCounted(seen)), by: 'WAL by the statistics' }] : []),
  ].flatMap(({ rate, by }) => (rate.known && Number.isFinite(rate.value.value) ? [{ bytes: rate.value.value, by }] : []));
  const [most] = rates.toSorted((a, b) => b.bytes - a.bytes);
  return most ? { known: true, value: most } : { known: false, why: 'How much WAL the source writes is not known.' };
}

export const writes = (seen: Seen): Figure[] => [
  figure('walPerHour', () => walSeen(seen)),
  figure('walPerHourByStatistics', () => walCounted(seen)),
  figure('transactionsPerSecond', () => perSecond(seen)),
  figure('longestTransaction', () => {
    const longest = need(seen.longest);
    const scope = 'pg_stat_activity and pg_prepared_xacts of the whole source, without autovacuum';
    if (!longest) return { value: 0, source: `${scope}: none was open at that moment.` };
    const { seconds, who, writes: hasWritten } = longest;
    return {
      value: seconds,
      source: `${scope}, at that moment: ${who}, which ${hasWritten ? 'has written, so that making a slot waits for it' : 'has written nothing'}.`,
    };
  }),
];
