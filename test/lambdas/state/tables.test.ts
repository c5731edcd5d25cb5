/** The list of our own tables, held against every text in the code that makes one. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { dropSchema } from '../../../lambdas/cleanup/own-schema.ts';
import { SCHEMA } from '../../../lambdas/config/names.ts';
import type { Database, Statement } from '../../../lambdas/ports/database.ts';
import { createHeartbeat } from '../../../lambdas/state/heartbeat.sql.ts';
import { OWN_TABLES, type OwnTable } from '../../../lambdas/state/tables.ts';

const LAMBDAS = fileURLToPath(new URL('../../../lambdas', import.meta.url));
const code = readdirSync(LAMBDAS, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const textOf = (file: string): string => readFileSync(join(LAMBDAS, file), 'utf8');
const tables: readonly (readonly [string, OwnTable])[] = Object.entries(OWN_TABLES);

/** A text that makes a table, and the entry of the list from which it has the name. */
interface Creation {
  readonly file: string;
  /** As the code writes the name. */
  readonly named: string;
  /** Undefined where the name is from elsewhere. */
  readonly key: string | undefined;
  readonly isTemporary: boolean;
}

/** `const { table: TABLE } = OWN_TABLES.gate`, with or without other fields. */
const FROM_LIST = /const \{[^}]*\btable: (\w+)[^}]*\} = OWN_TABLES\.(\w+)/g;
const CREATION = /\bcreate (?:(?:unlogged|global|local) )*(temp(?:orary)? )?table (?:if not exists )?(\S+)/g;

function creationsIn(file: string, text: string): Creation[] {
  const keys = new Map([...text.matchAll(FROM_LIST)].map(([, variable, key]) => [`\${${variable}}`, key]));
  return [...text.matchAll(CREATION)].map(([, temporary, named = '']) => ({
    file,
    named,
    key: keys.get(named),
    isTemporary: temporary !== undefined,
  }));
}

const creations = code.filter((file) => file.endsWith('.sql.ts')).flatMap((file) => creationsIn(file, textOf(file)));

describe('the list of our own tables', () => {
  it('names every table that a text in lambdas makes', () => {
    expect(creations.filter(({ key }) => key === undefined || !Object.hasOwn(OWN_TABLES, key))).toEqual([]);
  });

  it.each(tables.map(([key]) => key))('names %s, which one text makes', (key) => {
    expect(creations.filter((creation) => creation.key === key)).toHaveLength(1);
  });

  it('would be found short of a table that has its name from elsewhere, or from nowhere', () => {
    const text = `const { name: NAME, table: TABLE } = OWN_TABLES.gate;
      create table \${TABLE} (a int); create temporary table "b" (c int)`;
    expect(creationsIn('a.sql.ts', text)).toEqual([
      { file: 'a.sql.ts', named: `\${TABLE}`, key: 'gate', isTemporary: false },
      { file: 'a.sql.ts', named: '"b"', key: undefined, isTemporary: true },
    ]);
  });

  it('is where every other file takes the names from', () => {
    const names = tables.map(([, { name }]) => name).join('|');
    const byItself = new RegExp(`(?:\\$\\{SCHEMA\\}\\.|qualified\\((?:SCHEMA|'pg_temp'), ['\`])(?:${names})\\b`);
    expect(byItself.test(`\${SCHEMA}.gate`)).toBe(true);
    expect(code.filter((file) => byItself.test(textOf(file)))).toEqual([]);
  });

  it('names no table twice', () => {
    const names = tables.map(([, { table }]) => table);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(tables)('says where %s is, what for, and who writes it', (_, { on, holds, writtenBy }) => {
    expect(on.length).toBeGreaterThan(0);
    expect(holds).toMatch(/^[A-Z].+\.$/);
    expect(writtenBy.length).toBeGreaterThan(0);
    expect(new Set(writtenBy).size).toBe(writtenBy.length);
  });
});

describe('when a table of ours goes', () => {
  const going = (when: OwnTable['goes']) => tables.filter(([, { goes }]) => goes === when);

  it.each(going('Cleanup'))('Cleanup drops %s: it is in our schema', (key, { schema }) => {
    expect(schema).toBe(SCHEMA);
    expect(creations.filter((creation) => creation.key === key && creation.isTemporary)).toEqual([]);
  });

  it.each(going('session'))('the end of the session drops %s: it is temporary', (key, { schema }) => {
    expect(schema).toBe('pg_temp');
    expect(creations.filter((creation) => creation.key === key && !creation.isTemporary)).toEqual([]);
  });

  it('Cleanup drops our schema, which is made with the heartbeat, and everything in it', async () => {
    expect(createHeartbeat().text).toContain(`create schema "${SCHEMA}"`);
    const carriedOut: string[] = [];
    const query = async ({ text }: Statement<unknown>) => {
      carriedOut.push(text);
      return [];
    };
    const side = { query, transaction: (work: (session: { query: typeof query }) => Promise<void>) => work({ query }) };
    await dropSchema(side as unknown as Database);
    expect(carriedOut.at(-1)).toBe(`drop schema if exists "${SCHEMA}" cascade`);
  });
});
