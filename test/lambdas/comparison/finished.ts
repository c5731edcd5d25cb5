/** Lets the comparison in, and runs CompareData to its end and gives back what it found, where the step itself would throw. */
import type { Progress } from '../../../lambdas/comparison/progress.ts';
import { publishedTables } from '../../../lambdas/postgres/tables.sql.ts';
import { ensureTargetReader } from '../../../lambdas/replication/target-reader.ts';
import { compareData } from '../../../lambdas/steps/compare-data.ts';
import type { VisitOptions, World } from '../../support/world.ts';

const neverThrows = { ...compareData, judge: ({ finished }: Progress) => (finished ? ('done' as const) : ('pending' as const)) };

/** What CreateReplicationRole does on the source, and CreateSubscription on the target, before anything is compared. */
export async function letReadersIn(world: World): Promise<void> {
  await world.visit('CreateReplicationRole');
  const { acting, close } = world.ports('letReadersIn');
  const tables = await acting.source.query(publishedTables({ excludeSchemas: [], excludeTables: [] }));
  await ensureTargetReader(acting.target, acting.replication, tables);
  await close();
}

export async function finished(world: World, options: VisitOptions = {}, most = 2000): Promise<Progress & { visits: number }> {
  let state = {};
  for (let visits = 1; visits <= most; visits += 1) {
    const result = await world.run('CompareData', neverThrows, { ...options, state });
    if (result.verdict === 'done') return { ...(result.evidence as unknown as Progress), visits };
    state = { CompareData: result };
  }
  throw new Error(`The comparison did not end: ${JSON.stringify(state)}`);
}

/** Every row found, as `table: key kind columns`. */
export const rowsFound = ({ different }: Progress): string[] =>
  different
    .flatMap(({ table, reason, rows }) => [
      ...(reason ? [`${table}: ${reason}`] : []),
      ...rows.map(({ key, kind, columns }) => [`${table}:`, key, kind, ...columns].join(' ')),
    ])
    .sort();
