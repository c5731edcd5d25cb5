import { describe, expect, it } from 'vitest';
import { classify, classifyBehindBorder } from '../../../../lambdas/schema/dump/kinds.ts';

const T = 'ALTER TABLE ONLY s."T ""x"""\n    ';
const on = { schema: 's', name: 'T "x"' };

describe('the kind of a post-data statement', () => {
  it.each([
    ['CREATE INDEX "I ON x" ON s."T ""x""" USING btree (a)', 'index', 'I ON x', on],
    ['CREATE UNIQUE INDEX i ON ONLY s."T ""x""" USING btree (a)', 'index', 'i', on],
    [`${T}ADD CONSTRAINT "PRIMARY KEY" UNIQUE NULLS NOT DISTINCT (a)`, 'unique', 'PRIMARY KEY', on],
    [`${T}ADD CONSTRAINT p PRIMARY KEY (a)`, 'primary key', 'p', on],
    [`${T}ADD CONSTRAINT e EXCLUDE USING gist (a WITH &&)`, 'exclusion', 'e', on],
    ['ALTER TABLE s."T ""x"""\n    ADD CONSTRAINT c CHECK ((a > 1)) NOT VALID', 'check', 'c', on],
    [`${T}ADD CONSTRAINT n NOT NULL a NOT VALID`, 'check', 'n', on],
    ['ALTER DOMAIN s."T ""x"""\n    ADD CONSTRAINT "d;" CHECK ((VALUE > 1)) NOT VALID', 'domain check', 'd;', on],
    [`${T}REPLICA IDENTITY USING INDEX "r;"`, 'replica identity', 'r;', on],
    [`${T}CLUSTER ON i`, 'attachment', 'i', on],
    ['ALTER TABLE s."T ""x""" ENABLE ALWAYS TRIGGER t', 'detail', 'T "x"', on],
    ['ALTER TABLE s."T ""x""" DISABLE RULE r', 'detail', 'T "x"', on],
    ['ALTER TABLE s."T ""x""" ENABLE ROW LEVEL SECURITY', 'detail', 'T "x"', on],
    ['CREATE TRIGGER "ON" BEFORE UPDATE OF "ON", b ON s."T ""x""" FOR EACH ROW EXECUTE FUNCTION f()', 'detail', 'ON', on],
    ['CREATE CONSTRAINT TRIGGER t AFTER INSERT ON s."T ""x""" FROM s.other EXECUTE FUNCTION f()', 'detail', 't', on],
    ['CREATE RULE r AS\n    ON UPDATE TO s."T ""x""" DO INSTEAD NOTHING', 'detail', 'r', on],
    ['CREATE POLICY p ON s."T ""x""" TO someone USING (true)', 'detail', 'p', on],
    ['CREATE STATISTICS s.st (ndistinct) ON a, b FROM s.t', 'detail', 'st', { schema: 's', name: '' }],
    ['CREATE EVENT TRIGGER et ON ddl_command_end EXECUTE FUNCTION f()', 'event trigger', 'et', undefined],
    ['ALTER EVENT TRIGGER et ENABLE ALWAYS', 'event trigger', 'et', undefined],
  ])('is found for: %s', (text, kind, object, table) => {
    expect(classify(text)).toEqual({ kind, object, on: table, text });
  });

  it('knows both tables of a foreign key', () => {
    const text = `${T}ADD CONSTRAINT f FOREIGN KEY ("REFERENCES", b) REFERENCES "Other".t(a, b)`;
    expect(classify(text)).toEqual({ kind: 'foreign key', object: 'f', on, to: { schema: 'Other', name: 't' }, text });
  });

  it('knows both indexes of an attachment', () => {
    const text = 'ALTER INDEX s.root ATTACH PARTITION "S 2"."leaf; 1"';
    const child = { schema: 'S 2', name: 'leaf; 1' };
    expect(classify(text)).toEqual({ kind: 'attachment', object: 'leaf; 1', on: { schema: 's', name: 'root' }, child, text });
  });

  it.each([
    'CREATE TABLE s.t (a int)',
    'CREATE VIEW s.v AS SELECT 1',
    'ALTER TABLE ONLY s.t REPLICA IDENTITY FULL',
    'ALTER TABLE ONLY s.t FORCE ROW LEVEL SECURITY',
    'ALTER TABLE ONLY s.root ATTACH PARTITION s.leaf DEFAULT',
    'ALTER TABLE ONLY s.t ALTER COLUMN a SET STATISTICS 5',
    'ALTER SEQUENCE s.q OWNED BY s.t.a',
    "COMMENT ON TABLE s.t IS 'CREATE INDEX i ON s.t'",
  ])('is unknown by itself for %s', (text) => {
    expect(classify(text)).toBeUndefined();
  });

  it.each([
    ['CREATE OR REPLACE VIEW s."v;" AS SELECT 1', 'definition', 'v;'],
    ['CREATE MATERIALIZED VIEW s.m AS SELECT 1 WITH NO DATA', 'definition', 'm'],
    ['CREATE FUNCTION s.f(a int) RETURNS int', 'definition', 'f'],
    ["COMMENT ON VIEW s.v IS 'x'", 'detail', ''],
  ])('is decided behind the border for %s', (text, kind, object) => {
    expect(classifyBehindBorder(text)).toMatchObject({ kind, object });
  });
});
