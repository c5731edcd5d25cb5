import { describe, expect, it } from 'vitest';
import { batches, units } from '../../../../lambdas/schema/dump/apply.ts';
import { planCopy } from '../../../../lambdas/schema/dump/plan.ts';
import { sectionsOf } from '../../../../lambdas/schema/dump/sections.ts';
import { splitDump } from '../../../../lambdas/schema/dump/statements.ts';
import { dumpOptions, wantedSince } from '../../../../lambdas/schema/exclusions.ts';

const NOTHING = { dangling: [], populated: [] };

const PARTITIONED = `
SET default_tablespace = '';
CREATE SCHEMA s;
SET default_table_access_method = heap;
CREATE TABLE s.root (id int) PARTITION BY RANGE (id);
CREATE MATERIALIZED VIEW s."M" AS SELECT 1 WITH NO DATA;
CREATE MATERIALIZED VIEW s.a AS SELECT * FROM s."M" WITH NO DATA;
COMMENT ON EXTENSION x IS 'it''s';
ALTER TABLE ONLY s.root
    ADD CONSTRAINT root_pkey PRIMARY KEY (id);
ALTER TABLE ONLY s.leaf
    ADD CONSTRAINT leaf_pkey PRIMARY KEY (id);
CREATE INDEX by_a ON ONLY s.root USING btree (a);
SET default_tablespace = '';
CREATE INDEX leaf_by_a ON s.leaf USING btree (a);
CREATE UNIQUE INDEX ident ON s.t USING btree (a);
ALTER TABLE ONLY s.t REPLICA IDENTITY USING INDEX ident;
ALTER INDEX s.root_pkey ATTACH PARTITION s.leaf_pkey;
ALTER INDEX s.by_a ATTACH PARTITION s.leaf_by_a;
CREATE OR REPLACE VIEW s.v AS SELECT id FROM s.root GROUP BY id;
ALTER TABLE ONLY s.leaf
    ADD CONSTRAINT to_gone FOREIGN KEY (a) REFERENCES s.gone(a);
`;

describe('the plan of a copy', () => {
  it('creates keys, identities and their attachments at once, and leaves the rest for later', () => {
    const { keys, postData } = sectionsOf(splitDump(PARTITIONED));
    expect(keys.map(({ text }) => text.replaceAll(/\s+/g, ' '))).toEqual([
      'ALTER TABLE ONLY s.root ADD CONSTRAINT root_pkey PRIMARY KEY (id)',
      'ALTER TABLE ONLY s.leaf ADD CONSTRAINT leaf_pkey PRIMARY KEY (id)',
      'CREATE UNIQUE INDEX ident ON s.t USING btree (a)',
      'ALTER TABLE ONLY s.t REPLICA IDENTITY USING INDEX ident',
      'ALTER INDEX s.root_pkey ATTACH PARTITION s.leaf_pkey',
    ]);
    expect(postData.map(({ kind, object }) => `${kind} ${object}`)).toEqual([
      'index by_a',
      'index leaf_by_a',
      'attachment leaf_by_a',
      'definition v',
      'foreign key to_gone',
    ]);
  });

  it('leaves keys, attachments and identities to come first after a copy in parts, each in its group', () => {
    const { keys, later } = planCopy(PARTITIONED, { ...NOTHING, keysWait: true });
    expect(keys).toEqual([]);
    expect(later.slice(0, 7).map(({ kind, object, schema, onTable }) => [kind, object, schema, onTable])).toEqual([
      ['key', 'root_pkey', 's', 'root'],
      ['key', 'leaf_pkey', 's', 'leaf'],
      ['key index', 'ident', 's', 't'],
      ['replica identity', 'ident', 's', 't'],
      ['key attachment', 'leaf_pkey', 's', 'root_pkey'],
      ['index', 'by_a', 's', 'root'],
      ['index', 'leaf_by_a', 's', 'leaf'],
    ]);
    expect(later.map(({ ordinal }) => ordinal)).toEqual(later.map((_, at) => at + 1));
  });

  it('makes what rows name before them whatever waits, with the keys that a named view groups by', () => {
    const textsOf = (named: readonly string[], keysWait: boolean) =>
      planCopy(PARTITIONED, { ...NOTHING, keysWait, named: named.map((name) => ({ schema: 's', name })) }).keys.map(({ text }) =>
        text.replaceAll(/\s+/g, ' '),
      );
    const root = 'ALTER TABLE ONLY s.root ADD CONSTRAINT root_pkey PRIMARY KEY (id)';
    const leaf = 'ALTER TABLE ONLY s.leaf ADD CONSTRAINT leaf_pkey PRIMARY KEY (id)';
    expect(textsOf(['v'], true)).toEqual([root, 'CREATE OR REPLACE VIEW s.v AS SELECT id FROM s.root GROUP BY id']);
    expect(textsOf(['leaf_by_a', 'ident'], true)).toEqual([
      'CREATE INDEX leaf_by_a ON s.leaf USING btree (a)',
      'CREATE UNIQUE INDEX ident ON s.t USING btree (a)',
    ]);
    expect(textsOf(['root_pkey', 'leaf_pkey'], true)).toEqual([root, leaf, 'ALTER INDEX s.root_pkey ATTACH PARTITION s.leaf_pkey']);
    expect(textsOf(['v'], false)).toHaveLength(6);
  });

  it('contains nothing that a driver or a managed target cannot run', () => {
    const { now } = planCopy(PARTITIONED, NOTHING);
    expect(now.slice(0, 2).map(({ text }) => text)).toEqual([
      'CREATE SCHEMA IF NOT EXISTS s',
      'SET LOCAL default_table_access_method = heap',
    ]);
    expect(now.filter(({ text }) => /^SET (?!LOCAL)/.test(text))).toEqual([]);
    expect(now.find(({ text }) => text.includes('COMMENT ON EXTENSION'))?.text).toMatch(/^do .*exception when insufficient_privilege/s);
  });

  it('refreshes materialized views in order of dependency after ANALYZE, and vacuums all', () => {
    const populated = [
      { schema: 's', name: 'a' },
      { schema: 's', name: 'M' },
    ];
    const { later } = planCopy(PARTITIONED, { ...NOTHING, populated });
    expect(later.slice(-4).map(({ text }) => text)).toEqual([
      'analyze',
      'refresh materialized view "s"."M"',
      'refresh materialized view "s"."a"',
      'vacuum',
    ]);
    expect(later.map(({ ordinal }) => ordinal)).toEqual(later.map((_, at) => at + 1));
  });

  it('leaves out foreign keys to tables that are not copied, and reports them', () => {
    const plan = planCopy(PARTITIONED, { ...NOTHING, dangling: [{ schema: 's', table: 'leaf', name: 'to_gone' }] });
    expect(plan.leftBehind).toEqual(['"s"."leaf": to_gone']);
    expect(plan.later.filter(({ kind }) => kind === 'foreign key')).toEqual([]);
  });

  it('leaves out event triggers of the platform with their comments, and no others (#10)', () => {
    const trigger = (name: string) => `
--
-- Name: ${name}; Type: EVENT TRIGGER; Schema: -; Owner: -
--

CREATE EVENT TRIGGER "${name}" ON ddl_command_end
   EXECUTE FUNCTION s.seen();


--
-- Name: EVENT TRIGGER "${name}"; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EVENT TRIGGER "${name}" IS 'seen';

`;
    const plan = planCopy(`${trigger('rds: ddl')}${trigger('own ddl')}`, { ...NOTHING, platformTriggers: ['rds: ddl'] });
    const texts = [...plan.now, ...plan.later].map(({ text }) => text);
    expect(texts.filter((text) => text.includes('rds: ddl'))).toEqual([]);
    expect(texts.filter((text) => text.includes('own ddl'))).toHaveLength(2);
  });

  it('holds nothing for later for an empty schema, but ANALYZE and VACUUM', () => {
    expect(planCopy('', NOTHING)).toMatchObject({ now: [], leftBehind: [], later: [{ kind: 'analyze' }, { kind: 'vacuum' }] });
  });
});

describe('batches of statements', () => {
  const statements = Array.from({ length: 450 }, (_, at) => ({ entry: undefined, text: `${at}`.padEnd(at === 300 ? 400_000 : 10) }));

  it('hold every statement once, in order, within the limit of size', () => {
    const all = batches(statements);
    expect(all.flat()).toEqual(statements);
    expect(all.length).toBeLessThan(10);
    for (const batch of all) expect(batch.length === 1 || batch.map(({ text }) => text).join('').length <= 262_144).toBe(true);
  });

  it('are split into the statements of one object, settings apart (#11)', () => {
    const [one, two] = [
      { name: 'c', type: 'TEXT SEARCH CONFIGURATION', schema: 's' },
      { name: 't', type: 'TABLE', schema: 's' },
    ];
    const texts = units([
      { entry: undefined, text: 'SET LOCAL x = 1' },
      { entry: one, text: 'CREATE' },
      { entry: one, text: 'ALTER' },
      { entry: one, text: 'SET LOCAL y = 2' },
      { entry: two, text: 'CREATE TABLE' },
    ]).map((unit) => unit.map(({ text }) => text));
    expect(texts).toEqual([['SET LOCAL x = 1'], ['CREATE', 'ALTER'], ['SET LOCAL y = 2'], ['CREATE TABLE']]);
  });
});

describe('exclusions of schemas and tables', () => {
  it('match names exactly', () => {
    const options = dumpOptions({ excludeSchemas: ['a.*"b'], excludeTables: [{ schema: 'S|x', table: 't$' }] }, ['aws_s3']);
    expect(options).toContain('--exclude-schema="a.*""b"');
    expect(options).toContain('--exclude-schema="planetscale_migration"');
    expect(options).toContain('--exclude-table-and-children="S|x"."t$"');
    expect(options).toContain('--exclude-extension="aws_s3"');
  });

  it('may grow, but not shrink', () => {
    const none = { excludeSchemas: [], excludeTables: [] };
    const table = { schema: 's', table: 't' };
    expect(wantedSince(none, { excludeSchemas: ['s'], excludeTables: [table] })).toEqual([]);
    expect(wantedSince({ excludeSchemas: ['x'], excludeTables: [table] }, none)).toEqual(['"x"', '"s"."t"']);
    expect(wantedSince({ excludeSchemas: [], excludeTables: [table] }, { excludeSchemas: ['s'], excludeTables: [] })).toEqual([]);
  });
});
