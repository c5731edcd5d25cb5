/** A copy in parts that meets faults, and whether every row is there exactly once when it is over. */
import { expect } from 'vitest';
import { TransientError } from '../../lambdas/config/errors.ts';
import type { Acting } from '../../lambdas/engine/contract.ts';
import type { StepName } from '../../lambdas/engine/machines.ts';
import type { AnyStep } from '../../lambdas/engine/step.ts';
import type { Need } from '../../lambdas/ports/ports.ts';
import { stepNamed } from '../../lambdas/steps/index.ts';
import { seeded, streamed } from './in-parts.ts';
import { eventually } from './replicated.ts';
import type { VisitOptions, World, WorldOptions } from './world.ts';

/** Tables with keys on the source and none on the target, so that nothing but the copy itself keeps a row from being there twice. */
export const TABLES = ['first', 'second', 'third'] as const;
const COLUMNS = 'id bigint not null, v text not null';

export interface ExactlyOnceOptions extends WorldOptions {
  readonly partBytes?: number;
  readonly workers?: number;
  /** Of each table. @default 2,000, of about fifteen to a page */
  readonly rows?: number;
  /** @default - {@link TABLES} */
  readonly tables?: readonly string[];
  /** More SQL for the target's tables, such as checks. */
  readonly atTarget?: string;
  /** More SQL for the source's tables, before they are filled. */
  readonly atSource?: string;
}

export const schemaOf = ({ rows = 2_000, tables = TABLES, atTarget = '', atSource = '' }: ExactlyOnceOptions = {}) => ({
  schema: [
    ...tables.map((table) => `create table ${table} (${COLUMNS}, primary key (id))`),
    atSource,
    ...tables.map((table) => `insert into ${table} select n, repeat('v' || n, 80) from generate_series(1, ${rows}) as n`),
  ].join(';\n'),
  targetSchema: `${tables.map((table) => `create table ${table} (${COLUMNS})`).join(';\n')};\n${atTarget}`,
});

/** With the parts listed: of the three tables, some hundred. */
export const seededKeyless = (options: ExactlyOnceOptions = {}): Promise<World> => seeded({ ...options, ...schemaOf(options) });

export async function within(making: Promise<World>, test: (world: World) => Promise<void>): Promise<void> {
  const world = await making;
  try {
    await test(world);
  } finally {
    await world.destroy();
  }
}

const BETWEEN_VISITS_MS = 100;

export interface WorkOptions extends VisitOptions {
  /** @default 3 */
  readonly workers?: number;
  /** Number of the first. @default 1 */
  readonly from?: number;
  /** In place of the step itself. */
  readonly step?: AnyStep;
  /** Once true, a worker begins no other visit. */
  readonly isOver?: () => boolean;
}

/** Workers side by side, each visited until nothing is left for it, and again after what passes, as its state machine would. */
export async function workOn(
  world: World,
  { workers = 3, from = 1, step = stepNamed('CopyParts'), isOver = () => false, ...options }: WorkOptions = {},
): Promise<void> {
  const work = async (worker: number): Promise<void> => {
    while (!isOver()) {
      try {
        const { verdict } = await world.run('CopyParts', step, { ...options, state: { worker } });
        if (verdict === 'done') return;
      } catch (error) {
        if (!(error instanceof TransientError)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_VISITS_MS));
    }
  };
  await Promise.all(Array.from({ length: workers }, (_, at) => work(from + at)));
}

/** The step with other ports where it acts. */
export const withPorts = (name: StepName, change: (ctx: Acting<Need>) => Acting<Need>): AnyStep => {
  const step = stepNamed(name);
  const { act } = step;
  if (!act) throw new Error(`${name} does not act.`);
  return { ...step, act: (ctx: Acting<Need>, seen: unknown) => act(change(ctx), seen) };
};

const contentOf = (table: string): string =>
  `select count(*)::int as rows, count(distinct id)::int as ids, sum(hashtextextended(t::text, 0))::text as hash from ${table} as t`;

/** What a side has of each table. */
export const contentsOf = async (world: World, side: 'source' | 'target', tables: readonly string[] = TABLES): Promise<unknown> =>
  Object.fromEntries(await Promise.all(tables.map(async (table) => [table, (await world[side](contentOf(table)))[0]])));

/** No row of the target is there twice by now. */
export async function nothingTwice(world: World, tables: readonly string[] = TABLES): Promise<void> {
  for (const table of tables) {
    const [found] = await world.target(`select count(*)::int as rows, count(distinct id)::int as ids from ${table}`);
    expect({ table, rows: found?.rows }).toEqual({ table, rows: found?.ids });
  }
}

/**
 * From FinishParts to the stream, with the keys in between, which no table with a row twice would take; then some changes, and both sides are equal.
 * @param options such as the execution that copied
 */
export async function endsEqual(world: World, options: VisitOptions = {}, tables: readonly string[] = TABLES): Promise<void> {
  await world.until('FinishParts', options);
  await nothingTwice(world, tables);
  for (const table of tables) await world.asTargetRole(`alter table ${table} add primary key (id)`);
  await streamed(world, options);
  for (const table of tables) {
    await world.asSourceRole(
      `update ${table} set v = 'later' where id % 100 = 7; delete from ${table} where id % 100 = 8; insert into ${table} (id, v) values (-1, 'new')`,
    );
  }
  const same = async (): Promise<boolean> =>
    JSON.stringify(await contentsOf(world, 'source', tables)) === JSON.stringify(await contentsOf(world, 'target', tables));
  await eventually(same);
}

/**
 * A gate in the middle of tables of the target: whoever writes a row of a higher number than it lets through waits until it does. It stays as it is
 * when the server restarts.
 */
export const gated = (tables: readonly string[] = ['first'], beyond = 500): string => `
create table gate (beyond bigint not null); grant select on gate to public; insert into gate values (${beyond});
create function pass_gate(n bigint) returns boolean language plpgsql as
  $$ begin while exists (select from public.gate where n > beyond) loop perform pg_sleep(0.1); end loop; return true; end $$;
${tables.map((table) => `alter table ${table} add constraint gated check (public.pass_gate(id))`).join(';\n')}`;

/** @param beyond the last row that is let through; all of them without it */
export const openGate = (world: World, beyond?: number): Promise<unknown> =>
  world.asTargetRole(beyond === undefined ? 'delete from gate' : `update gate set beyond = ${beyond}`);

/** Waits until so many workers are in the middle of a part, before the gate. */
export const atGate = (world: World, workers: number): Promise<void> =>
  eventually(
    async () =>
      (
        await world
          .target(
            `select from pg_stat_activity where wait_event = 'PgSleep' and usename ~ '^planetscale_migration_copy' and datname = current_database()`,
          )
          .catch(() => [])
      ).length >= workers,
  );

/** Parts that are recorded as there. */
export const partsDone = async (world: World): Promise<number> =>
  Number((await world.target('select count(done_at)::int as done from planetscale_migration.copy_part'))[0]?.done);
