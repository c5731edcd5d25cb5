/** A copy in parts on the target of a world, as the steps before would have left it: each table is one part, of the same number as its place. */
import type { TableName } from '../../lambdas/config/input.ts';
import type { Statement } from '../../lambdas/ports/database.ts';
import * as parts from '../../lambdas/state/copy-parts.sql.ts';
import { recordSeed } from '../../lambdas/state/copy-plan.sql.ts';
import * as copyTables from '../../lambdas/state/copy-tables.sql.ts';
import * as copyWorkers from '../../lambdas/state/copy-workers.sql.ts';
import type { World } from './world.ts';

const run = ({ target }: Pick<World, 'target'>, { text, values }: Statement<unknown>) => target(text, values);

/** Lists these tables, to be read from what a session of the source holds. No part of them is there. @returns what ends that session */
export async function listParts(world: World, tables: readonly TableName[], execution = 'test'): Promise<() => Promise<void>> {
  const holder = await world.ports('test').acting.source.session('holder');
  const [held] = await holder.query<{ pid: number; name: string }>({
    text: `select pg_backend_pid() as pid, current_setting('application_name') as name`,
    values: [],
  });
  await run(world, recordSeed({ snapshot: 'held', holder: held?.pid ?? 0, holderName: held?.name ?? '', incarnation: 'made for a test' }));
  const role = world.database.target.user.split('.')[0];
  for (const statement of [copyTables.createCopyTables(), parts.createCopyParts(), copyWorkers.createCopyWorkers()])
    await run(world, statement);
  for (const name of ['copy_table', 'copy_part', 'copy_worker'])
    await world.target(`alter table planetscale_migration.${name} owner to "${role}"`);
  const listed = tables.map((table) => ({ ...table, relation: 1, file: 1, bytes: 8_192, columns: [], binary: true }));
  await run(world, copyTables.listCopyTables(listed));
  const whole = tables.map((table, at) => ({ part: at + 1, tables: [table], range: null, bytes: 8_192, alone: true }));
  await run(world, parts.listCopyParts(whole));
  await run(world, copyWorkers.noteWorker(1, execution, 1));
  return () => holder.end();
}

/** Makes parts count as copied, by a transaction that was committed. */
export async function endParts(world: World, ...numbers: readonly number[]): Promise<void> {
  const [row] = await world.target('select pg_current_xact_id()::text as xid');
  const xid = row?.xid as string;
  for (const part of numbers) {
    await run(world, parts.beginPart(part, { execution: 'test', worker: 1, xid }));
    await run(world, parts.notePart(part, xid, 0, 0));
  }
  await run(world, parts.settleParts());
}
