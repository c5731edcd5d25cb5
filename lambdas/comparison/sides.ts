/** Reads of both databases whose results can be compared with each other. */
import { subscriptionName } from '../config/names.ts';
import type { Looking } from '../engine/contract.ts';
import { COMPARISON_RESERVE_MS } from '../engine/reserves.ts';
import type { Statement } from '../ports/database.ts';
import { pinPrinting } from '../postgres/session-pins.sql.ts';
import { awaitLsn } from '../replication/lsn-wait.ts';
import { leaningReads } from '../schema/reading-path.ts';

export type Side = 'source' | 'target';

export interface Sides {
  readonly versions: readonly number[];
  /** One statement in a snapshot of its own in which everything that changes how values print is pinned. */
  ask<Row>(side: Side, statement: Statement<Row>): Promise<Row[]>;
  /** The same on both sides at the same time; the source's rows come first. */
  askBoth<Row>(statement: Statement<Row>): Promise<readonly [Row[], Row[]]>;
  /**
   * The same for statements that are short by any plan: without parallel workers, whose start takes longer than the statement.
   * @param longestMs its time limit
   */
  askBothBriefly<Row>(statement: Statement<Row>, longestMs: number): Promise<readonly [Row[], Row[]]>;
  /**
   * Waits until the target has confirmed everything that the source has written by now. False if that does not happen in this visit; true
   * where there is no slot of ours, because then nothing is being replicated.
   */
  caughtUp(): Promise<boolean>;
}

/** The subscriber confirms within milliseconds when it is up to date, so even a visit that is almost over may wait for one confirmation. */
const SHORTEST_WAIT_MS = 2_000;
const BETWEEN_QUESTIONS_MS = 100;
const BETWEEN_DOUBTS_MS = 10_000;

/** First version that prints floats exactly and as short as can be. */
const EXACT_FLOATS = 12;

/**
 * @param ctx readers that may only read: code of users is evaluated with their rights
 * @param whileBehind called at intervals while the target is behind; throws where it will not catch up
 */
export async function openSides(
  { comparison, remainingMs }: Pick<Looking<'comparison'>, 'comparison' | 'remainingMs'>,
  whileBehind: () => Promise<void> = async () => {},
): Promise<Sides> {
  const { source, target } = comparison;
  const versions = await Promise.all([source.version(), target.version()]);
  const exactFloats = versions.every((version) => version >= EXACT_FLOATS);
  const slot = subscriptionName(source.endpoint.database);

  const leaning = { source: leaningReads(source), target: leaningReads(target) };
  const askSide = <Row>(side: Side, question: Statement<Row>, briefMs?: number): Promise<Row[]> =>
    leaning[side]((path) =>
      comparison[side].snapshot(async (snapshot) => {
        const isBrief = briefMs !== undefined;
        await snapshot.query(pinPrinting(exactFloats, isBrief ? briefMs : Math.max(remainingMs(), COMPARISON_RESERVE_MS), isBrief, path));
        return snapshot.query(question);
      }),
    );
  const askBoth = <Row>(question: Statement<Row>, briefMs?: number): Promise<[Row[], Row[]]> =>
    Promise.all([askSide('source', question, briefMs), askSide('target', question, briefMs)]);

  return {
    versions,
    ask: (side, question) => askSide(side, question),
    askBoth: (question) => askBoth(question),
    askBothBriefly: (question, longestMs) => askBoth(question, longestMs),
    async caughtUp() {
      let doubtAt = Date.now() + BETWEEN_DOUBTS_MS;
      const { seen } = await awaitLsn(source, slot, {
        timeoutMs: Math.max(remainingMs() - COMPARISON_RESERVE_MS, SHORTEST_WAIT_MS),
        everyMs: BETWEEN_QUESTIONS_MS,
        async isOver(now) {
          if (!now || now.past) return true;
          if (Date.now() >= doubtAt) {
            await whileBehind();
            doubtAt = Date.now() + BETWEEN_DOUBTS_MS;
          }
          return false;
        },
      });
      return !seen || seen.past === true;
    },
  };
}
