import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rehearseQuickly } from '../support/rehearsal.ts';

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

describe('a rehearsal with a dump of one’s own', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'aurora-to-planetscale-test-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('moves it, and the writers write to tables of their own', async () => {
    const path = join(folder, 'my dump.sql');
    writeFileSync(path, DUMP);
    const report = await rehearseQuickly(['--source-dump', path, '--writers=2', '--rate=50']);
    expect(report).toMatchObject({ reasons: [], outcome: 'passed', writes: { lost: 0, duplicated: 0 } });
    expect(report.tables.compared).toBe(3);
    expect(report.sequences.compared).toBe(2);
    expect(report.writes.acknowledged).toBeGreaterThan(20);
  });

  it('moves it without writers', async () => {
    const path = join(folder, 'my dump.sql');
    writeFileSync(path, DUMP);
    const report = await rehearseQuickly(['--source-dump', path, '--writers=0']);
    expect(report).toMatchObject({ reasons: [], outcome: 'passed', tables: { compared: 1 }, writes: { acknowledged: 0, rejected: 0 } });
  });
});
