import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { application } from '../../../../lambdas/checks/cutover/application.ts';
import { compared } from '../../../../lambdas/checks/cutover/comparison.ts';
import { applicationSecret } from '../../../../lambdas/checks/readiness/application.ts';
import { CHECKS } from '../../../../lambdas/checks/readiness/index.ts';
import { CUTOVER, ROLLBACK } from '../../../../lambdas/config/direction.ts';
import { InvalidConfiguration } from '../../../../lambdas/config/errors.ts';
import type { Application } from '../../../../lambdas/ports/application.ts';
import { noApplication } from '../../../../lambdas/ports/application.ts';
import { blocker, findingsOf, summary, warning } from '../../../support/findings.ts';
import { switchFindings } from '../../../support/following.ts';
import { startWorld, type World } from '../../../support/world.ts';

const secretThat = (pointsAt: Application['pointsAt']): Application => ({ ...noApplication, secret: 'shop/database', pointsAt });

describe("the application's secret before a switch", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 17, target: 18 });
  });
  afterAll(() => world?.destroy());

  it('is absent, so that the application has to be led by hand', async () => {
    const found = await switchFindings(world, [application]);
    const { host, port, database } = world.database.target;
    expect(summary(found)).toEqual({ NoApplicationSecret: warning(`${host}:${port}/${database}`) });
    expect(found[0]?.remedy).toContain(`point it at ${host}:${port}, database ${database}`);
  });

  it('passes where it leads to the serving side', async () => {
    expect(await switchFindings(world, [application], { application: secretThat(async () => 'source') })).toEqual([]);
    expect(await switchFindings(world, [application], { application: secretThat(async () => 'target'), direction: ROLLBACK })).toEqual([]);
  });

  it('is refused where it leads elsewhere, but not on the way back', async () => {
    const elsewhere = { application: secretThat(async () => 'elsewhere') };
    const objects = 'shop/database (leads to: elsewhere)';
    expect(summary(await switchFindings(world, [application], elsewhere))).toEqual({ ApplicationSecretElsewhere: blocker(objects) });
    expect(summary(await switchFindings(world, [application], { ...elsewhere, direction: ROLLBACK }))).toEqual({
      ApplicationSecretElsewhere: warning(objects),
    });
  });

  it('is refused where it cannot be read', async () => {
    const unreadable = secretThat(async () => {
      throw new InvalidConfiguration('It holds no host.');
    });
    const found = await switchFindings(world, [application], { application: unreadable });
    expect(summary(found)).toEqual({ ApplicationSecretUnusable: blocker('shop/database') });
    expect(found[0]?.message).toContain('It holds no host.');
  });

  it('is refused in both directions where another writer manages it (#9.12)', async () => {
    const obstacle = { code: 'ApplicationSecretRotates', message: 'The secret rotates.', remedy: 'Switch its rotation off.' };
    for (const direction of [CUTOVER, ROLLBACK]) {
      const rotating = { ...secretThat(async () => direction.from), obstacles: async () => [obstacle] };
      const found = await switchFindings(world, [application], { application: rotating, direction });
      expect(found).toEqual([{ ...obstacle, severity: 'blocker', objects: ['shop/database'] }]);
    }
  });

  it('is reported by Preflight, too, where another writer manages it (#9.12)', async () => {
    const obstacle = { code: 'ApplicationSecretManaged', message: 'The secret belongs to rds.', remedy: 'Make another.' };
    expect(await findingsOf(world, [applicationSecret])).toEqual([]);
    const managed = { ...secretThat(async () => 'source'), obstacles: async () => [obstacle] };
    const found = await findingsOf(world, [applicationSecret], { application: managed });
    expect(found).toEqual([{ ...obstacle, severity: 'blocker', objects: ['shop/database'] }]);
    expect(CHECKS).toContain(applicationSecret);
  });

  it('is not switched without a comparison in the same execution', async () => {
    for (const state of [{}, { CompareData: { verdict: 'pending' } }]) {
      expect(summary(await switchFindings(world, [compared], { state }))).toEqual({ NotCompared: blocker('CompareData') });
    }
    expect(await switchFindings(world, [compared])).toEqual([]);
  });
});
