/** Rehearsals inside of a test: quick, silent, and small. */
import pg from 'pg';
import { clientConfig } from '../../lambdas/adapters/postgres/client-config.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import type { Hooks } from '../../rehearsal/context.ts';
import type { Progress } from '../../rehearsal/display/progress.ts';
import type { Pace } from '../../rehearsal/machines/execution.ts';
import { parseOptions, type RehearsalOptions } from '../../rehearsal/options.ts';
import { rehearse } from '../../rehearsal/rehearse.ts';
import type { Report } from '../../rehearsal/report.ts';

export const silentProgress: Progress = { say: () => {}, visiting: () => {}, visited: () => {}, ended: () => {}, clear: () => {} };
/** Polls more often than a person would want to see. */
export const QUICK: Pace = { budgetMs: 60_000, pollMs: 100, retryMs: 200 };

export function optionsOf(...words: string[]): RehearsalOptions {
  const options = parseOptions(words);
  if (options === 'help') throw new Error('Help was asked for.');
  return options;
}

/** Transactions a second where a test does not say: several rehearsals share the processor. */
const RATE = 50;

export const rehearseQuickly = (words: readonly string[], hooks: Partial<Hooks> = {}): Promise<Report> =>
  rehearse(optionsOf(...words, ...(words.some((word) => word.startsWith('--rate=')) ? [] : [`--rate=${RATE}`])), {
    progress: silentProgress,
    pace: QUICK,
    ...hooks,
  });

/** Runs SQL on one side; the rows of the last statement. */
export async function sql(settings: ConnectionSettings, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(clientConfig(settings, 'test'));
  client.on('error', () => {});
  await client.connect();
  try {
    const result = (await client.query(text)) as pg.QueryResult | pg.QueryResult[];
    return Array.isArray(result) ? (result.at(-1)?.rows ?? []) : result.rows;
  } finally {
    await client.end().catch(() => {});
  }
}
