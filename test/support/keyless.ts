/** Tables whose rows nothing tells apart, of every kind that a remedy differs for. Each has a number `v`, by which a test tells them apart. */
import { qualified } from '../../lambdas/postgres/quote.ts';

/** Awkward, and as the server writes it. */
const S = '"Odd ""S%\\ö"';
const MIXED = `${S}."Mixed ""Case"""`;
const GENERATED_COLUMNS = 12;

const SCHEMA = `
create schema ${S};
create table ${S}.plain (v int, note text);
create table ${MIXED} (v int, "the ""Note""" text);
create table ${S}.doc (v int, doc json);
create table ${S}.feed (v int, x xml);
create table ${S}.tuple (v int, p point[]);
create table ${S}.nullable (v int, code int unique);
create table ${S}.nullable_doc (v int, code int unique, doc json);
create table ${S}.indexed (v int, "A b" int not null, c text not null, unique (c, "A b"));
create table ${S}.with_json (v int, id int not null, doc json);
create unique index "with json's key" on ${S}.with_json (id) include (v);
create table ${S}.nothing (v int, id int primary key);
alter table ${S}.nothing replica identity nothing;
create table ${S}.nothing_at_all (v int);
alter table ${S}.nothing_at_all replica identity nothing;
create table ${S}.index_gone (v int, a int not null);
create unique index index_gone_index on ${S}.index_gone (a);
alter table ${S}.index_gone replica identity using index index_gone_index;
drop index ${S}.index_gone_index;
create table ${S}.later (v int, "i d" int, primary key ("i d") deferrable);
create table ${S}.later_doc (v int, "i d" int, doc json, primary key ("i d") deferrable initially deferred);
create table ${S}.full_doc (v int, doc json);
alter table ${S}.full_doc replica identity full;
create type ${S}.record_type as (v int, doc json);
create table ${S}.typed of ${S}.record_type;

create table ${S}.parts (v int, k int) partition by list (k);
create table ${S}.parts_1 partition of ${S}.parts for values in (1);
create table ${S}."Parts 2" partition of ${S}.parts for values in (2);
create table ${S}.doc_parts (v int, k int, doc json) partition by list (k);
create table ${S}.doc_parts_1 partition of ${S}.doc_parts for values in (1) partition by range (k);
create table ${S}.doc_parts_1_a partition of ${S}.doc_parts_1 for values from (0) to (100);
create table ${S}.doc_parts_2 partition of ${S}.doc_parts for values in (2);
create table ${S}.own_parts (v int, k int not null, doc json) partition by list (k);
create table ${S}.own_parts_1 partition of ${S}.own_parts for values in (1);
alter table ${S}.own_parts_1 alter v set not null;
create unique index own_parts_1_key on ${S}.own_parts_1 (v, k);
create table ${S}.own_parts_2 (v int, k int not null, doc json, primary key (v, k));
alter table ${S}.own_parts attach partition ${S}.own_parts_2 for values in (2);

create table ${S}.person (v int, place point);
create table ${S}.worker (salary int) inherits (${S}.person);
create table ${S}.chief (id int primary key) inherits (${S}.worker);
create table ${S}.fan (v int, x xml);
create table ${S}.fan_person () inherits (${S}.person, ${S}.fan);
create table ${S}.member (v int);
create table ${S}.member_doc (doc json) inherits (${S}.member);`;

const SCHEMA_WITH_GENERATED = `
create table ${S}.computed (v int, b int generated always as (v + 1) stored primary key);
create table ${S}.computed_doc (v int, b int generated always as (v + 1) stored primary key, doc json);`;

const DOC = `'{"a": 1}'`;
/** What a row holds, by the number `n`. */
const ROWS: Readonly<Record<string, readonly [columns: string, values: string]>> = {
  [`${S}.plain`]: ['v, note', `n, 'note'`],
  [MIXED]: ['v', 'n'],
  [`${S}.doc`]: ['v, doc', `n, ${DOC}`],
  [`${S}.feed`]: ['v, x', `n, '<a/>'`],
  [`${S}.tuple`]: ['v, p', `n, '{"(1,1)"}'`],
  [`${S}.nullable`]: ['v, code', 'n, nullif(n, 1)'],
  [`${S}.nullable_doc`]: ['v, code, doc', `n, nullif(n, 1), ${DOC}`],
  [`${S}.indexed`]: ['v, "A b", c', `n, n, 'c'`],
  [`${S}.with_json`]: ['v, id, doc', `n, n, ${DOC}`],
  [`${S}.nothing`]: ['v, id', 'n, n'],
  [`${S}.nothing_at_all`]: ['v', 'n'],
  [`${S}.index_gone`]: ['v, a', 'n, n'],
  [`${S}.later`]: ['v, "i d"', 'n, n'],
  [`${S}.later_doc`]: ['v, "i d", doc', `n, n, ${DOC}`],
  [`${S}.full_doc`]: ['v, doc', `n, ${DOC}`],
  [`${S}.typed`]: ['v, doc', `n, ${DOC}`],
  [`${S}.parts_1`]: ['v, k', 'n, 1'],
  [`${S}."Parts 2"`]: ['v, k', 'n, 2'],
  [`${S}.doc_parts_1_a`]: ['v, k, doc', `n, 1, ${DOC}`],
  [`${S}.doc_parts_2`]: ['v, k, doc', `n, 2, ${DOC}`],
  [`${S}.own_parts_1`]: ['v, k, doc', `n, 1, ${DOC}`],
  [`${S}.own_parts_2`]: ['v, k, doc', `n, 2, ${DOC}`],
  [`${S}.person`]: ['v, place', `n, '(1,1)'`],
  [`${S}.worker`]: ['v, place, salary', `n, '(1,1)', n`],
  [`${S}.chief`]: ['v, place, salary, id', `n, '(1,1)', n, n`],
  [`${S}.fan`]: ['v, x', `n, '<a/>'`],
  [`${S}.fan_person`]: ['v, place, x', `n, '(1,1)', '<a/>'`],
  [`${S}.member`]: ['v', 'n'],
  [`${S}.member_doc`]: ['v, doc', `n, ${DOC}`],
};
const ROWS_WITH_GENERATED: typeof ROWS = { [`${S}.computed`]: ['v', 'n'], [`${S}.computed_doc`]: ['v, doc', `n, ${DOC}`] };

/** Those of which one has to be given an index or a column, because nothing that is there would do, FULL included. */
export const INCOMPARABLE = [
  ...['doc', 'feed', 'tuple', 'nullable_doc', 'later_doc', 'full_doc', 'typed', 'doc_parts_1_a', 'doc_parts_2'],
  ...['person', 'worker', 'fan', 'fan_person', 'member_doc', 'computed_doc'],
].map((name) => `${S}.${name}`);

export const keylessTables = (version: number): readonly (readonly [table: string, row: readonly [string, string]])[] =>
  Object.entries({ ...ROWS, ...(version >= GENERATED_COLUMNS ? ROWS_WITH_GENERATED : {}) });

/** With the rows 1 to 5 in each, the fifth of the simplest table twice. */
export const keylessSchema = (version: number): string =>
  [
    SCHEMA,
    version >= GENERATED_COLUMNS ? SCHEMA_WITH_GENERATED : '',
    ...keylessTables(version).map(
      ([table, [columns, values]]) => `insert into ${table} (${columns}) select ${values} from generate_series(1, 5) as n;`,
    ),
    `insert into ${S}.plain values (5, 'note');`,
  ].join('\n');

/** One row of each is changed, one is deleted, one comes; of two that are alike one goes. @param from rows `from` and `from + 1` have to be there */
export const touchAll = (version: number, from: number): string =>
  [
    ...keylessTables(version).flatMap(([table, [columns, values]]) => [
      `update only ${table} set v = v + 1000 where v = ${from};`,
      `delete from only ${table} where v = ${from + 1};`,
      `insert into ${table} (${columns}) select ${values} from generate_series(${from + 100}, ${from + 100}) as n;`,
    ]),
    `delete from ${S}.plain where ctid = (select ctid from ${S}.plain where v = 5 limit 1);`,
  ].join('\n');

/** What is in each table itself, by its name, in an order of its own. */
export const contents = (version: number): string =>
  keylessTables(version)
    .map(
      ([table]) =>
        `select '${table.replaceAll("'", "''")}' as name, coalesce(array_agg(to_jsonb(t)::text order by to_jsonb(t)::text), '{}') as rows from only ${table} as t`,
    )
    .join('\nunion all\n')
    .concat('\norder by name');

/** Replica identities of all tables, as a person would compare them. */
export const IDENTITIES = `
select format('%I.%I', n.nspname, c.relname) as name, c.relreplident as identity, (
  select x.relname from pg_index as i join pg_class as x on x.oid = i.indexrelid where i.indrelid = c.oid and i.indisreplident) as index
from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and n.nspname !~ '^(pg_|information_schema|planetscale)'
order by name`;

export const KEYLESS_SCHEMA = S;
export const tableNamed = (name: string): string => qualified('Odd "S%\\ö', name);
