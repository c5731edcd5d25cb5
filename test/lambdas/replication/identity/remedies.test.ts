import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { replicaIdentity } from '../../../../lambdas/checks/readiness/identity.ts';
import type { ServerVersion } from '../../../../rehearsal/servers/binaries.ts';
import { findingsOf } from '../../../support/findings.ts';
import { contents, keylessSchema, touchAll } from '../../../support/keyless.ts';
import { applied, eventually, tableStates } from '../../../support/replicated.ts';
import { versions } from '../../../support/versions.ts';
import { startWorld, type World } from '../../../support/world.ts';

const PAIRS = versions([11, 18] as const, [13, 18] as const, [15, 17] as const, [17, 18] as const, [18, 17] as const);

describe.each(PAIRS)('the remedies for tables without a key, from %i to %i (#11)', (source: ServerVersion, target: ServerVersion) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source, target, schema: keylessSchema(source) });
  });
  afterAll(() => world?.destroy());

  it('are accepted by the server as printed and in order, and leave no finding', async () => {
    const found = (await findingsOf(world, [replicaIdentity])).filter(({ severity }) => severity === 'blocker');
    const statements = found.flatMap((finding) => finding.statements ?? []).flatMap((text) => text.split(/(?<=;) /));
    expect(statements.length).toBeGreaterThan(20);
    for (const statement of statements) {
      await world.asSourceRole(statement).catch((error: Error) => {
        throw new Error(`${statement} was refused: ${error.message}`);
      });
    }
    const after = await findingsOf(world, [replicaIdentity]);
    expect(after.filter(({ severity }) => severity === 'blocker')).toEqual([]);
  });

  it('replicate every UPDATE and DELETE to the target, and compare as equal there', async () => {
    for (const step of ['CreateReplicationRole', 'CopySchema', 'CreatePublication'] as const) await world.visit(step);
    await world.until('CreateSubscription');
    await eventually(async () => (await tableStates(world)).every((state) => state === 'r'));
    await world.asSourceRole(touchAll(source, 1));
    await applied(world);
    expect(await world.target(contents(source))).toEqual(await world.source(contents(source)));
    await world.until('CompareData');
  });
});
