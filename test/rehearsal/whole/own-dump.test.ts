import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rehearseQuickly, silentProgress } from '../../support/rehearsal.ts';

/** As pg_dump 18 writes one, shortened. */
const DUMP = String.raw`
--
-- PostgreSQL database dump
--

\restrict gYw1

SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SELECT pg_catalog.set_config('search_path', '', false);

CREATE SCHEMA "My ""Schema""";
ALTER SCHEMA "My ""Schema""" OWNER TO somebody;

CREATE FUNCTION "My ""Schema""".double(n integer) RETURNS integer
    LANGUAGE sql IMMUTABLE
    BEGIN ATOMIC
 SELECT (n * 2);
END;

CREATE TABLE "My ""Schema"""."T 1" (
    id integer NOT NULL,
    v text DEFAULT 'a;b'::text
);
CREATE SEQUENCE "My ""Schema""".t_seq AS integer START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
ALTER SEQUENCE "My ""Schema""".t_seq OWNED BY "My ""Schema"""."T 1".id;

COPY "My ""Schema"""."T 1" (id, v) FROM stdin;
1	one; two
2	\N
3	line\nbreak
\.

SELECT pg_catalog.setval('"My ""Schema""".t_seq', 3, true);

ALTER TABLE ONLY "My ""Schema"""."T 1" ADD CONSTRAINT t_pkey PRIMARY KEY (id);
CREATE INDEX doubled ON "My ""Schema"""."T 1" USING btree ("My ""Schema""".double(id));
GRANT SELECT ON TABLE "My ""Schema"""."T 1" TO somebody;

\unrestrict gYw1
`;

/** What stands in the way of it has statements, but for the trigger. */
const NOT_READY = `
create table nothing (v text); insert into nothing values ('x'), ('x');
create table late (id integer primary key deferrable, v text); insert into late values (1, 'x');
create table guarded (id integer primary key, v text); insert into guarded values (1, 'x');
alter table guarded enable row level security; create policy all_of_it on guarded to reader using (true);
create table "fires twice" (id serial primary key); insert into "fires twice" values (1);
create function f() returns trigger language plpgsql as 'begin return null; end';
create trigger t after insert on "fires twice" for each row execute procedure f(); alter table "fires twice" enable always trigger t;
`;

describe("a rehearsal with the user's own dump", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'aurora-to-planetscale-test-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('moves it, with writers on tables of their own', async () => {
    const path = join(folder, 'my dump.sql');
    writeFileSync(path, DUMP);
    const report = await rehearseQuickly(['--source-dump', path, '--writers=2', '--rate=50']);
    expect(report).toMatchObject({ reasons: [], outcome: 'passed', writes: { lost: 0, duplicated: 0 } });
    // The tables of the writers have to arrive as well, and are in no count and in no finding (#11).
    expect(report).toMatchObject({ tables: { compared: 1 }, sequences: { compared: 1 }, indexes: { expected: 3 } });
    expect(JSON.stringify(report.findings)).not.toMatch(/rehearsal_workload|shop_app/);
    expect(report.findings.warnings).toContainEqual(expect.objectContaining({ objects: [expect.stringMatching(/^1 tables, /)] }));
    expect(report.writes.acknowledged).toBeGreaterThan(20);
  });

  it('carries out remedies where the option says so, excludes what no remedy helps, and moves the rest (#11)', async () => {
    const path = join(folder, 'not ready.sql');
    writeFileSync(path, NOT_READY);
    const said: string[] = [];
    const report = await rehearseQuickly(['--source-dump', path, '--writers=1', '--schema-fixes', '--until=replicate'], {
      progress: { ...silentProgress, say: (words) => void said.push(words) },
    });
    expect(report).toMatchObject({
      reasons: [],
      outcome: 'passed',
      tables: { different: [] },
      findings: { blockers: [] },
    });
    const { applied, excluded } = report.fixes;
    expect(applied.map(({ finding, refused }) => [finding, refused])).toEqual(
      expect.arrayContaining([
        ['NoReplicaIdentity', null],
        ['DeferrablePrimaryKey', null],
      ]),
    );
    expect(excluded).toEqual(['"public"."fires twice"']);
    expect(report.tables.compared).toBe(3);
    for (const { statement } of applied) expect(said.join('\n')).toContain(statement);
    expect(said.join('\n')).toContain('"public"."fires twice" is excluded');
  });

  it('moves it without writers', async () => {
    const path = join(folder, 'my dump.sql');
    writeFileSync(path, DUMP);
    const report = await rehearseQuickly(['--source-dump', path, '--writers=0']);
    expect(report).toMatchObject({ reasons: [], outcome: 'passed', tables: { compared: 1 }, writes: { acknowledged: 0, rejected: 0 } });
  });
});
