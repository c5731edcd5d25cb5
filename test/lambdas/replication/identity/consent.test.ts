import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { replicaIdentity as replicaIdentityThere } from '../../../../lambdas/checks/cutover/identity.ts';
import { schema } from '../../../../lambdas/checks/cutover/schema.ts';
import { tables } from '../../../../lambdas/checks/cutover/tables.ts';
import { replicaIdentity } from '../../../../lambdas/checks/readiness/identity.ts';
import type { ServerVersion } from '../../../../rehearsal/servers/binaries.ts';
import { findingsOf, summary } from '../../../support/findings.ts';
import { streaming, switchFindings } from '../../../support/following.ts';
import { contents, IDENTITIES, INCOMPARABLE, KEYLESS_SCHEMA, keylessSchema, keylessTables, touchAll } from '../../../support/keyless.ts';
import { applied, eventually, tableStates } from '../../../support/replicated.ts';
import { SWITCHABLE } from '../../../support/switchable.ts';
import { versions } from '../../../support/versions.ts';
import { startWorld, type World } from '../../../support/world.ts';

const INPUT = { replicaIdentity: 'full' };
const PAIRS = versions([11, 18] as const, [15, 17] as const, [18, 18] as const);

describe.each(PAIRS)('tables without a key, with consent, from %i to %i (#11)', (source: ServerVersion, target: ServerVersion) => {
  let world: World;
  let before: Record<string, unknown>[];
  beforeAll(async () => {
    const { sourceParameters = {} } = SWITCHABLE;
    world = await startWorld({ source, target, schema: keylessSchema(source), sourceParameters });
  });
  afterAll(() => world?.destroy());

  it('get a replica identity from what exists, and the others are named with remedies that help', async () => {
    const found = await findingsOf(world, [replicaIdentity], { input: INPUT });
    const all = summary(found);
    expect(all.ReplicaIdentityToBeSet).toMatchObject({ severity: 'warning' });
    expect(all.ReplicaIdentityToBeSet?.objects).toEqual(
      expect.arrayContaining([
        `${KEYLESS_SCHEMA}.plain (full)`,
        `${KEYLESS_SCHEMA}.nothing (default)`,
        `${KEYLESS_SCHEMA}.indexed (using index "indexed_c_A b_key")`,
        `${KEYLESS_SCHEMA}.with_json (using index "with json's key")`,
        `${KEYLESS_SCHEMA}.parts_1 (full)`,
        `${KEYLESS_SCHEMA}.own_parts_1 (using index own_parts_1_key)`,
        `${KEYLESS_SCHEMA}.later (full)`,
      ]),
    );
    const blocked = found.filter(({ severity }) => severity === 'blocker');
    const names = blocked.flatMap(({ objects }) => objects.map((object) => object.replace(/ \([^()]*\)$/, ''))).sort();
    const hopeless = keylessTables(source)
      .map(([table]) => table)
      .filter((table) => INCOMPARABLE.includes(table) || (table.endsWith('.computed') && target >= 18));
    expect(names).toEqual(hopeless.sort());
    expect(Object.keys(all).includes('StreamBackReadsWholeTables')).toBe(source < 16);
    for (const statement of blocked.flatMap((finding) => finding.statements ?? []).flatMap((text) => text.split(/(?<=;) /)))
      await world.asSourceRole(statement);
    const after = await findingsOf(world, [replicaIdentity], { input: INPUT });
    expect(after.filter(({ severity }) => severity === 'blocker')).toEqual([]);
    before = await world.source(IDENTITIES);
  });

  it('replicate every UPDATE and DELETE to the target', async () => {
    for (const step of ['CreateReplicationRole', 'SetReplicaIdentity', 'CopySchema', 'CreatePublication'] as const) {
      await world.visit(step, { input: INPUT });
    }
    expect((await findingsOf(world, [replicaIdentity])).filter(({ severity }) => severity === 'blocker')).toEqual([]);
    await world.until('CreateSubscription');
    await eventually(async () => (await tableStates(world)).every((state) => state === 'r'));
    await world.asSourceRole(touchAll(source, 1));
    await applied(world);
    expect(await world.target(contents(source))).toEqual(await world.source(contents(source)));
    await world.until('BuildIndexes');
    await world.until('CompareData');
    expect(await switchFindings(world, [tables, schema, replicaIdentityThere])).toEqual([]);
  });

  it('accept writes at the target after a switch, and replicate every change back', async () => {
    await streaming(world);
    await world.visit('SwitchOver', { input: { reverse: true } });
    await world.target(touchAll(source, 3));
    const expected = JSON.stringify(await world.target(contents(source)));
    await eventually(async () => JSON.stringify(await world.source(contents(source))) === expected);
    await world.visit('SwitchBack');
  });

  it('have their former replica identity on both sides after Cleanup', async () => {
    await world.until('DropReplication');
    // What an index left behind that is gone means the same as this, and is all that can be said.
    const gone = (row: Record<string, unknown>) => (row.identity === 'i' && row.index === null ? { ...row, identity: 'n' } : row);
    const expected = before.map(gone);
    expect(expected).not.toEqual(before);
    expect(await world.source(IDENTITIES)).toEqual(expected);
    expect(await world.target(IDENTITIES)).toEqual(expected);
  });
});
