import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CleanupIncomplete } from '../../../lambdas/config/errors.ts';
import { copied, migrate, ROWS } from '../../support/cleaned.ts';
import { switchedOver } from '../../support/partial-switch.ts';
import { startWorld, type World } from '../../support/world.ts';

describe('DropReplication, where the target secret is empty', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 17, target: 18, schema: ROWS, planetscale: {} });
  });
  afterAll(() => world?.destroy());

  it('is done where nothing of the migration is at the source: nothing can be at the target', async () => {
    const { verdict, evidence } = await world.visit('DropReplication');
    expect([verdict, evidence]).toEqual(['done', expect.objectContaining({ target: { nothingOfOurs: expect.any(String) } })]);
  });

  it('cleans the source, and says the same once that is clean', async () => {
    await world.until('CreateReplicationRole');
    const { evidence } = await world.until('DropReplication');
    expect(evidence).toMatchObject({ target: { nothingOfOurs: expect.any(String) } });
    expect(await world.source("select 1 from pg_roles where rolname like 'planetscale_migration%'")).toEqual([]);
  });

  it('says that the target was not reached where the source cannot be reached either', async () => {
    const places = { ...world.places, source: { ...world.places.source, password: 'not that one' } };
    const visit = world.until('DropReplication', { places });
    await expect(visit).rejects.toThrow(CleanupIncomplete);
    await expect(visit).rejects.toThrow(/The target.* could not be reached/s);
  });
});

describe("DropReplication, where the role at the target is the migration's own", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 17, target: 18, schema: ROWS, planetscale: {} });
    await world.until('ConfigureTarget');
    await migrate(world);
    await copied(world);
    await switchedOver(world);
  });
  afterAll(() => world?.destroy());

  it('records a switch without a secret of the application, so that a Cleanup that begins anew keeps the role', async () => {
    await world.until('DropReplication');
    expect([...(world.planetscale?.account.tags.keys() ?? [])]).toContain('planetscale-migration:Rehearsal:switched');
    const { evidence } = await world.until('RestoreTarget');
    expect(JSON.stringify(evidence)).toContain('stays, because the application was switched to the target');
    expect(world.planetscale?.api.roles.list).toHaveLength(1);
  });
});
