/** How long a switch keeps the application from writing, and what that depends on. */
import type { RoundTrip } from './clock.ts';
import type { Figure } from './forecast.ts';
import { figure, type Known, need } from './known.ts';
import type { Seen } from './look.ts';

/** By docs/performance.md: from the last write on one side to the first on the other, where round trips take nothing. */
export const LOCAL_MS = 65;
/** Round trips that follow one another in a switch, at most. */
export const IN_SEQUENCE = 10;
/** What 5,000 sequences cost, each read and compared on both sides. */
export const SEQUENCE_MS = (418 - 45) / 5_000;
/** What ending 500 idle sessions cost, for each. */
export const SESSION_MS = 1;
/** One call of Secrets Manager, which nobody has measured. */
export const SECRET_MS = 50;

const trip = (side: string, seen: Known<RoundTrip>): { readonly value: number; readonly source: string } => {
  const { milliseconds, of } = need(seen);
  return { value: milliseconds, source: `Measured from the function: the median of ${of} statements that ask the ${side} for nothing.` };
};

export function switching({ room, objects, roundTrip }: Seen): Figure[] {
  return [
    figure('sessions', () => ({
      value: need(room.source).databaseOthers,
      source: 'pg_stat_activity of the source at that moment: sessions of others in this database, which a switch ends.',
    })),
    figure('sequences', () => ({ value: need(objects).sequences, source: "The source's catalog, without what the input leaves out." })),
    figure('roundTripSource', () => trip('source', roundTrip.source)),
    figure('roundTripTarget', () => trip('target', roundTrip.target)),
    figure('fence', () => {
      const slower = Math.max(need(roundTrip.source).milliseconds, need(roundTrip.target).milliseconds);
      const { sequences } = need(objects);
      const sessions = room.source.known ? room.source.value.databaseOthers : 0;
      return {
        value: LOCAL_MS + IN_SEQUENCE * slower + sequences * SEQUENCE_MS + sessions * SESSION_MS + SECRET_MS,
        source:
          `${LOCAL_MS} ms between near servers, ${IN_SEQUENCE} round trips to the farther side, ${SEQUENCE_MS.toFixed(3)} ms for each sequence and ${SESSION_MS} ms for each ` +
          `session${room.source.known ? '' : ', whose number is not known'}: measured in docs/performance.md. ${SECRET_MS} ms for Secrets Manager are assumed.`,
      };
    }),
  ];
}
