/** A copy in parts by the steps as they follow each other, from the schema to the proof. */
import { describe, expect, it } from 'vitest';
import type { StepName } from '../../../lambdas/engine/machines.ts';
import { awkwardSchema } from '../../support/awkward-schema.ts';
import { copyAll, PAGE } from '../../support/in-parts.ts';
import { ownedSchema } from '../../support/owned-schema.ts';
import { versions } from '../../support/versions.ts';
import { startWorld } from '../../support/world.ts';

const INPUT = { copy: 'parts', partBytes: PAGE, replicaIdentity: 'full' };
const ROWS = `
insert into shop.customer (email, state, level, note) select n || '@x', 'open', 1 + n % 900, 'note ' || n from generate_series(1, 2000) as n;
insert into shop.named select generate_series(1, 3000);
insert into shop.event select n, date '2024-01-01' + n % 700, case n % 3 when 0 then 'a' else 'b' end from generate_series(1, 3000) as n;
insert into shop.cycle_a select n, null from generate_series(1, 1000) as n;
insert into shop.child select n, 'v' || n, n from generate_series(1, 1000) as n;
`;
const OWNED_ROWS = `
reset role;
insert into shop.ledger (amount) select n from generate_series(1, 3000) as n;
insert into shop.by_day select n, date '2020-01-01' + n % 300 from generate_series(1, 3000) as n;
`;

describe.each([
  ...versions(11, 13, 15, 17, 18).map((source) => [source, 'with every kind of object', `${awkwardSchema(source)};${ROWS}`] as const),
  [15, 'with several owners', `${ownedSchema(15)};${OWNED_ROWS}`] as const,
])('a copy in parts from %i, %s', (source, _what, schema) => {
  it('brings every row once, with keys before the stream and every index after it', async () => {
    const world = await startWorld({ source, schema });
    const run = async (...steps: readonly StepName[]) => {
      for (const step of steps) await world.until(step, { input: INPUT });
    };
    try {
      await run('CreateReplicationRole');
      await world.source('alter role planetscale_migration_replication bypassrls'); // which Preflight asks for
      await run('SetReplicaIdentity', 'CopySchema', 'TrySample', 'CreatePublication', 'SeedCopy');
      await Promise.all([copyAll(world, 3, { input: INPUT }), run('BuildCopied')]);
      // Started again: nothing is undone, and nothing done twice.
      await run('SetReplicaIdentity', 'CopySchema', 'TrySample', 'CreatePublication', 'SeedCopy');
      await run('FinishParts', 'BuildKeys');
      const identities = `select c.oid::regclass::text as table from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
        where c.relkind = 'r' and n.nspname !~ '^(pg_|planetscale|information)' and c.relreplident = 'd'
        and exists (select from pg_index as i where i.indrelid = c.oid and i.indisprimary) order by 1`;
      expect((await world.target(identities)).length).toBeGreaterThan(0);
      expect(await world.target(identities)).toEqual(await world.source(identities));
      await run('CreateSubscription', 'AwaitCopy', 'BuildIndexes', 'AwaitConvergence', 'SyncSequences', 'CompareData');
      expect(await world.target('select count(*)::int as failed from planetscale_migration.post_data where finished_at is null')).toEqual([
        { failed: 0 },
      ]);
    } finally {
      await world.destroy();
    }
  });
});
