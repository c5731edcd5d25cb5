import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConnectionSettings } from '../../../lambdas/ports/connection-settings.ts';
import { urlOf } from '../../../rehearsal/database-url.ts';
import { type Pair, type PairedDatabase, startPair } from '../../../rehearsal/servers/pair.ts';
import { rehearseQuickly, sql } from '../../support/rehearsal.ts';

/** Everything in a catalog that a migration could leave behind or change. */
const everything = (side: ConnectionSettings): Promise<Record<string, unknown>[]> =>
  sql(
    side,
    `
select 'relation' as kind, relnamespace::regnamespace || '.' || relname || ' ' || relkind::text || ' ' || relreplident::text as name from pg_class
where relnamespace::regnamespace::text !~ '^pg_toast'
union all select 'schema', nspname || ' ' || coalesce(nspacl::text, '') from pg_namespace where nspname !~ '^pg_(toast|temp)'
union all select 'role', rolname from pg_roles
union all select 'default rights', defaclrole::regrole || ' ' || defaclacl::text from pg_default_acl
union all select 'rights', datname || ' ' || coalesce(datacl, acldefault('d', datdba))::text from pg_database
union all select 'publication', pubname from pg_publication
union all select 'subscription', subname from pg_subscription
union all select 'slot', slot_name from pg_replication_slots
union all select 'extension', extname from pg_extension
union all select 'type', typname from pg_type where typnamespace::regnamespace::text !~ '^pg_toast'
order by 1, 2
`,
  );

/** Those of databases and roles. */
const settings = (side: ConnectionSettings): Promise<Record<string, unknown>[]> =>
  sql(side, 'select setdatabase, setrole, setconfig from pg_db_role_setting order by 1, 2');

describe("a rehearsal on the user's own servers", () => {
  let pair: Pair;
  let folder: string;
  let words: (database: PairedDatabase, ...more: string[]) => string[];
  beforeAll(async () => {
    pair = await startPair({
      source: 15,
      target: 18,
      plainSource: 'superuser',
      sourceParameters: { wal_level: 'logical', max_replication_slots: 20, max_wal_senders: 20 },
    });
    folder = mkdtempSync(join(tmpdir(), 'aurora-to-planetscale-test-'));
    const authority = join(folder, 'authority.pem');
    writeFileSync(authority, pair.source.authority);
    words = ({ source, target }, ...more) => ['--source-url', urlOf(source, authority), '--target-url', urlOf(target, authority), ...more];
  });
  afterAll(() => {
    pair.destroy();
    rmSync(folder, { recursive: true, force: true });
  });

  it('leaves only the copy behind, and writes to no table but its own', async () => {
    const database = await pair.createDatabase('my "own"');
    await sql(
      database.source,
      `create table t (id serial primary key, v text unique); insert into t (v) select 'v' || n from generate_series(1, 500) as n`,
    );
    const before = await everything(database.source);
    const rowsBefore = await sql(database.source, 'select * from t order by id');
    const report = await rehearseQuickly(words(database, '--writers=2'));
    expect(report).toMatchObject({
      reasons: [],
      outcome: 'passed',
      tables: { compared: 1, different: [] },
      writes: { lost: 0, duplicated: 0 },
    });
    expect(report.writes.acknowledged).toBeGreaterThan(20);
    expect(await everything(database.source)).toEqual(before);
    expect(await sql(database.source, 'select * from t order by id')).toEqual(rowsBefore);
    expect(await sql(database.target, 'select * from t order by id')).toEqual(rowsBefore);
    const left = (await everything(database.target)).map(({ kind, name }) => `${kind} ${name}`).join('\n');
    expect(left).not.toMatch(/planetscale_migration|rehearsal_workload/);
  });

  it.each(['cutover', 'cleanup'])('restores both databases after a switch, with --until=%s', async (until) => {
    const database = await pair.createDatabase(`my ${until}`);
    await sql(database.source, `create table t (id serial primary key, v text unique); insert into t (v) values ('one')`);
    const before = [await everything(database.source), await settings(database.source), await settings(database.target)];
    const report = await rehearseQuickly(words(database, '--writers=2', `--until=${until}`));
    expect(report).toMatchObject({
      reasons: [],
      outcome: 'passed',
      tables: { different: [] },
      writes: { lost: 0, duplicated: 0, overlap: 0 },
      catalogs: { different: [] },
    });
    expect(report.switches).toHaveLength(until === 'cutover' ? 1 : 3);
    expect([await everything(database.source), await settings(database.source), await settings(database.target)]).toEqual(before);
    const left = (await everything(database.target)).map(({ kind, name }) => `${kind} ${name}`).join('\n');
    expect(left).not.toMatch(/planetscale_migration|rehearsal_workload/);
    await sql(database.source, `insert into t (v) values ('two')`);
    await sql(database.target, `insert into t (v) values ('two')`);
  });

  it('ends in NotReady with all blockers at once where the schema cannot be moved, and touches nothing', async () => {
    const database = await pair.createDatabase('not ready');
    await sql(
      database.source,
      `
create table "no identity" (v text);
create table "deferred" (id integer primary key deferrable);
create table "with json" (id integer, j json);
alter table "with json" replica identity full;
create table "in the way" (id integer primary key);
insert into "no identity" values ('x');
`,
    );
    await sql(database.target, 'create table "in the way" (id integer primary key)');
    const before = [await everything(database.source), await everything(database.target)];
    const report = await rehearseQuickly(words(database, '--writers=0'));
    expect(report.outcome).toBe('failed');
    expect(report.machines).toMatchObject([{ name: 'Preflight', status: 'FAILED' }]);
    expect(report.reasons.join()).toContain('NotReady');
    const objects = report.findings.blockers.flatMap((finding) => finding.objects).join('\n');
    for (const name of ['no identity', 'deferred', 'with json', 'in the way']) {
      expect(objects).toContain(name);
      expect(report.reasons.join()).toContain(name);
    }
    expect([await everything(database.source), await everything(database.target)]).toEqual(before);
  });

  it('refuses a database with a migration under way, and leaves it unchanged', async () => {
    const database = await pair.createDatabase('begun');
    await sql(database.source, 'create table t (id integer primary key); create publication planetscale_migration for table t');
    const before = await everything(database.source);
    await expect(rehearseQuickly(words(database))).rejects.toThrow('publication planetscale_migration on 127.0.0.1');
    expect(await everything(database.source)).toEqual(before);
  });

  it('reports the comparison as impossible where a server is not there', async () => {
    const database = await pair.createDatabase('gone');
    const gone = { ...database, source: { ...database.source, port: 1 } };
    await expect(rehearseQuickly(words(gone))).rejects.toThrow('ECONNREFUSED');
  });
});
