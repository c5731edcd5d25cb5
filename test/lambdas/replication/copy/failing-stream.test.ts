/** Streams and copies that can never succeed, and what is said of them, on real servers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPLICATION_ROLE, subscriptionName } from '../../../../lambdas/config/names.ts';
import type { StepResult } from '../../../../lambdas/engine/contract.ts';
import type { StepName } from '../../../../lambdas/engine/machines.ts';
import { lastingWaits } from '../../../../lambdas/replication/copy/waits.ts';
import { eventually } from '../../../support/replicated.ts';
import { startWorld, type World } from '../../../support/world.ts';
import { letReadersIn } from '../../comparison/finished.ts';

const SCHEMA = `
create table item (id int primary key, note text);
create table bad (id int primary key, price int);
insert into item select n, 'x' from generate_series(1, 100) n; insert into bad values (1, 1), (2, 2)`;

const errorsOn = async (world: World): Promise<number> => {
  const [row] = await world.target(
    'select (apply_error_count + sync_error_count)::int as errors from pg_stat_subscription_stats where subname = $1',
    [subscriptionName(world.database.name)],
  );
  return Number(row?.errors);
};

/** Visits as over more than a minute, with new errors before each: time is the only thing that is made up. */
async function overAMinute(world: World, step: StepName): Promise<unknown> {
  let state: Record<string, StepResult> = {};
  for (let visits = 0; visits < 5; visits += 1) {
    const before = await errorsOn(world);
    await eventually(async () => (await errorsOn(world)) >= before + 2);
    const result = await world.visit(step, { state, budgetMs: 17_000 }).catch((error) => error);
    if (result instanceof Error) return result;
    expect(result.verdict).toBe('pending');
    const { failures } = result.evidence as { failures: { since: number; at: number } };
    const earlier = {
      ...failures,
      since: failures.since - 30_000,
      at: failures.since === failures.at ? failures.at - 30_000 : failures.at,
    };
    state = { [step]: { ...result, evidence: { ...result.evidence, failures: earlier } } };
  }
  return undefined;
}

describe.each([
  [11, 18],
  [15, 17],
] as const)('a failing stream from %i to %i (#11)', (source, target) => {
  let base: World;
  let siblings = 0;
  beforeAll(async () => {
    base = await startWorld({ source, target });
  });
  afterAll(() => base?.destroy());
  const world = async (): Promise<World> => {
    siblings += 1;
    const one = await base.sibling(`failing ${siblings}`);
    await one.asSourceRole(SCHEMA);
    for (const step of ['CreateReplicationRole', 'CopySchema', 'CreatePublication'] as const) await one.visit(step);
    return one;
  };
  const copied = async (): Promise<World> => {
    const one = await world();
    for (const step of ['CreateSubscription', 'AwaitCopy', 'BuildIndexes', 'AwaitConvergence'] as const) await one.until(step);
    return one;
  };

  it('over a new column is reported by AwaitConvergence and CompareData, with the statement that helps', async () => {
    const one = await copied();
    await one.asSourceRole(`alter table item add column "New one" text not null default 'it''s'; insert into item values (200, 'y')`);
    await expect(one.visit('CompareData')).rejects.toMatchObject({
      name: 'SchemaDrift',
      message: expect.stringContaining('public.item.New one'),
    });
    const error = (await overAMinute(one, 'AwaitConvergence')) as Error;
    expect(error).toMatchObject({ name: 'SchemaDrift' });
    const statement = `alter table "public"."item" add column "New one" text default 'it''s'::text not null;`;
    expect(error.message).toContain(statement);
    await one.asTargetRole(statement);
    await one.until('AwaitConvergence', { execution: 'another' });
    expect(await one.until('CompareData')).toMatchObject({ verdict: 'done' });
  });

  it('over a refusal of the target is reported by AwaitConvergence and CompareData, and passes once that is mended', async () => {
    const one = await copied();
    await one.asTargetRole('alter table bad alter price type smallint');
    await one.asSourceRole('insert into bad values (3, 100000)');
    const error = (await overAMinute(one, 'AwaitConvergence')) as Error;
    expect(error).toMatchObject({ name: 'CopyStalled' });
    expect(error.message).toContain('the target refuses a change that comes with the stream, again and again');
    expect(error.message).toContain('public.bad.price is integer on the source and smallint on the target');
    await expect(one.until('CompareData', { budgetMs: 40_000 })).rejects.toMatchObject({
      name: 'CopyStalled',
      message: expect.stringContaining('public.bad.price is integer on the source'),
    });
    await one.asTargetRole('alter table bad alter price type int');
    await one.until('AwaitConvergence', { execution: 'another' });
  });

  it('over the copy of one table is reported after a minute, with the table and its state, although other tables are copied', async () => {
    const one = await world();
    await one.asTargetRole(`create function dear(int) returns boolean language plpgsql as $$ begin raise 'canary'; end $$;
      alter table bad add constraint is_dear check (public.dear(price))`);
    await one.until('CreateSubscription');
    const error = (await overAMinute(one, 'AwaitCopy')) as Error;
    expect(error).toMatchObject({ name: 'CopyStalled' });
    expect(error.message).toContain('the copy of public.bad fails again and again on the target');
    expect(error.message).toContain('constraint is_dear on table public.bad (public.dear(integer))');
    expect(error.message).toContain('2 of 3 tables');
    await one.asTargetRole('alter table bad drop constraint is_dear');
    await one.until('AwaitCopy');
  });

  it('is not put down to a lock held for a moment, but to one held at two samples, on either side', async () => {
    const one = await world();
    const ports = one.ports('AwaitCopy');
    const onTarget = await one.ports('holder').acting.target.session('lasting');
    await onTarget.script('begin; lock table public.bad in share mode');
    try {
      await one.until('CreateSubscription');
      const name = subscriptionName(one.database.name);
      const { source: reader, target: other } = ports.looking;
      await eventually(async () => (await lastingWaits(reader, other, name)).length === 1);
      expect(await lastingWaits(reader, other, name)).toMatchObject([{ side: 'target', blockedBy: expect.stringContaining('lasting') }]);
    } finally {
      await onTarget.end();
    }
    await one.until('AwaitCopy');
    let samples = 0;
    const momentary = {
      ...ports.looking.source,
      query: async (asked: { values: readonly unknown[] }) => {
        if (asked.values[0] !== REPLICATION_ROLE) return [];
        samples += 1;
        return [{ blockedBy: 'process 7 (psql)', holder: `7 ${samples}` }];
      },
    };
    expect(await lastingWaits(momentary as never, { query: async () => [] } as never, 'x')).toEqual([]);
    expect(samples).toBe(2);
  });
});

it('CompareData passes without a subscription (#11)', async () => {
  const world = await startWorld({ source: 17, target: 18, schema: SCHEMA, targetSchema: SCHEMA });
  try {
    await letReadersIn(world);
    expect(await world.until('CompareData')).toMatchObject({ verdict: 'done' });
  } finally {
    await world.destroy();
  }
});
