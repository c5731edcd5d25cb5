import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../../../lambdas/checks/finding.ts';
import { money } from '../../../../lambdas/checks/readiness/money.ts';
import { parseInput } from '../../../../lambdas/config/input.ts';
import { createHeartbeat } from '../../../../lambdas/state/heartbeat.sql.ts';
import { pinWorkers, unpinWorkers } from '../../../../lambdas/state/worker-pins.sql.ts';
import { makeLocales } from '../../../support/locales.ts';
import { startWorld, type World } from '../../../support/world.ts';

const SCHEMA = 'create type cent as (cash money); create table price (id int primary key, p cent[])';
const locales = makeLocales('de_DE.UTF-8', 'ja_JP.UTF-8');

describe('money under different lc_monetary (#11)', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 15, target: 17, name: 'cash', schema: SCHEMA, targetSchema: SCHEMA });
  });
  afterAll(() => {
    world?.destroy();
    locales.remove();
  });
  const found = async (): Promise<readonly Finding[]> => {
    const { looking, close } = world.ports('CheckReadiness');
    try {
      return await money.find({ source: looking.source, target: looking.target, input: parseInput({}) } as never);
    } finally {
      await close();
    }
  };

  it('leads to no finding where both sides print alike', async () => {
    expect(await found()).toEqual([]);
    await world.target("alter database cash set lc_monetary = 'POSIX'");
    expect(await found()).toEqual([]);
  });

  it('is reported with a statement that helps, whatever the apply workers are pinned to', async () => {
    await world.source("alter database cash set lc_monetary = 'de_DE.UTF-8'");
    await world.target("alter database cash set lc_monetary = 'ja_JP.UTF-8'");
    const statements = [`alter database "cash" set lc_monetary = 'de_DE.UTF-8';`];
    const told = [{ code: 'MoneyPrintsDifferently', severity: 'warning', objects: ['public.price.p'], statements }];
    expect(await found()).toMatchObject(told);
    const { acting, close } = world.ports('CreateSubscription');
    await acting.target.query(createHeartbeat());
    await acting.target.transaction(async (session) => {
      for (const statement of pinWorkers(17)) await session.query(statement);
    });
    expect(await world.asTargetRole('show lc_monetary')).toEqual([{ lc_monetary: 'C' }]);
    expect(await found()).toMatchObject(told);
    await world.asTargetRole(statements[0] as string);
    expect(await found()).toEqual([]);
    await acting.target.query(unpinWorkers());
    await close();
    expect(await world.asTargetRole('show lc_monetary')).toEqual([{ lc_monetary: 'de_DE.UTF-8' }]);
  });
});
