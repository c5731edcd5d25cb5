/**
 * `--schema-fixes`: what Preflight asks the operator to do is done on the databases under rehearsal, by the statements that it prints; a remedy
 * without a statement is left out. So one run shows everything that would happen, rather than the first obstacle.
 */
import pg from 'pg';
import { clientConfig } from '../lambdas/adapters/postgres/client-config.ts';
import type { ReportedFinding } from '../lambdas/checks/report.ts';
import type { TableName } from '../lambdas/config/input.ts';
import type { Json } from '../lambdas/config/json.ts';
import type { SideName } from '../lambdas/config/side-name.ts';
import type { ConnectionSettings } from '../lambdas/ports/connection-settings.ts';
import { qualified, statement, USER_SCHEMA } from '../lambdas/postgres/quote.ts';
import { INSUFFICIENT_PRIVILEGE } from '../lambdas/postgres/sqlstates.ts';
import { splitDump } from '../lambdas/schema/dump/statements.ts';
import type { Progress } from './display/progress.ts';
import { withoutOwn } from './findings.ts';
import type { Outcome } from './machines/execution.ts';
import type { Sides } from './sides.ts';

/** One statement of a remedy. */
export interface Fix {
  /** Code of the finding. */
  readonly finding: string;
  readonly side: SideName;
  readonly statement: string;
  /** The reason why the server refused it; null where it did not. */
  readonly refused: string | null;
}

export interface Fixes {
  readonly applied: readonly Fix[];
  /** Tables that no statement makes ready, by their names as an input takes them. */
  readonly excluded: readonly string[];
}

export interface Fixing {
  readonly sides: Pick<Sides, 'source' | 'target' | 'servers'>;
  readonly progress: Pick<Progress, 'say'>;
  /** One execution of `Preflight`. */
  preflight(input: Readonly<Record<string, Json>>): Promise<Outcome>;
}

/** A remedy may bring another finding to light, and an excluded table another. */
const MOST_ROUNDS = 8;

export async function fixSchema({ sides, progress, preflight }: Fixing): Promise<Fixes> {
  const applied: Fix[] = [];
  const excluded: string[] = [];
  const tables = await tablesOf(sides.source);
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const { findings } = await preflight(excluded.length > 0 ? { excludeTables: excluded } : {});
    const blockers = withoutOwn(findings).filter(({ severity }) => severity === 'blocker');
    const fresh = blockers
      .flatMap(statementsOf)
      .filter((fix) => !applied.some((done) => done.side === fix.side && done.statement === fix.statement));
    const results: Fix[] = [];
    for (const fix of fresh) results.push({ ...fix, refused: await carryOut(sides, fix) });
    for (const { finding, side, statement, refused } of results)
      progress.say(
        `${finding}, ${refused === null ? 'done' : 'refused'} on the ${side}: ${statement}${refused === null ? '' : ` (${refused})`}`,
      );
    applied.push(...results);
    if (results.some(({ refused }) => refused === null)) continue;
    const named = [...new Set(blockers.flatMap(({ objects }) => objects.flatMap((object) => tablesIn(object, tables))))].filter(
      (table) => !excluded.includes(table),
    );
    if (named.length === 0) break;
    for (const table of named) progress.say(`${table} is excluded: Preflight has no statement that makes it ready`);
    excluded.push(...named);
  }
  return { applied, excluded };
}

const SIDE = /\s*--\s*on the (source|target)\s*$/;
const IN_BACKTICKS = /`([^`]+)`/g;
const IS_SQL = /^(alter|create|drop|grant|revoke|set|update|delete|select|comment|reindex)\s/i;

/** The statements of a finding, or those in the text of its remedy. Where no side is named, it is the source. */
export function statementsOf({ code, statements, remedy }: ReportedFinding): Omit<Fix, 'refused'>[] {
  const spelled = [...remedy.matchAll(IN_BACKTICKS)]
    .map(([, text = '']) => text)
    .filter((text) => IS_SQL.test(text) && !text.includes('…'));
  return (statements.length > 0 ? statements : spelled).flatMap((written) => {
    const side = (SIDE.exec(written)?.[1] ?? 'source') as SideName;
    const text = written.replace(SIDE, '').trim();
    return splitDump(text.endsWith(';') ? text : `${text};`).map((one) => ({ finding: code, side, statement: `${one.text};` }));
  });
}

/** Names of tables in an object of a finding: `schema.table`, with a column, a type or an owner behind it, or a trigger before it. */
export function tablesIn(object: string, tables: readonly TableName[]): string[] {
  return [...object.matchAll(/("(?:[^"]|"")+"|[\w$\u0080-\uffff]+)\.("(?:[^"]|"")+"|[\w$\u0080-\uffff]+)/g)].flatMap((found) => {
    const [schema, table] = found.slice(1).map((part) => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part));
    return tables.filter((one) => one.schema === schema && one.table === table).map((one) => qualified(one.schema, one.table));
  });
}

/** As the role of the migration; where that may not, as the platform, which the operator would ask. @returns why it was refused, or null */
async function carryOut({ servers, ...sides }: Fixing['sides'], { side, statement: text }: Omit<Fix, 'refused'>): Promise<string | null> {
  try {
    await run(sides[side], text);
    return null;
  } catch (error) {
    const platform = servers[side]?.superuser(sides[side].database);
    if (!(error instanceof pg.DatabaseError) || error.code !== INSUFFICIENT_PRIVILEGE || !platform) return String(error);
    return run(platform, text).then(() => null, String);
  }
}

async function run(settings: ConnectionSettings, text: string): Promise<unknown[]> {
  const client = new pg.Client(clientConfig(settings, 'rehearsal fixes'));
  client.on('error', () => {}); // shows at the next query
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end().catch(() => {});
  }
}

const allTables = () =>
  statement(`
select n.nspname::text as schema, c.relname::text as "table" from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'f', 'm', 'v') and ${USER_SCHEMA}
`);

const tablesOf = async (source: ConnectionSettings): Promise<TableName[]> => (await run(source, allTables().text)) as TableName[];
