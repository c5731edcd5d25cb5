/** The publication: which tables the source sends. https://www.postgresql.org/docs/current/logical-replication-publication.html */
import type { TableName } from '../config/input.ts';
import { PUBLICATION } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { bound, identifier, literal, qualified, statement } from '../postgres/quote.ts';

/** TRUNCATE is sent from version 11 on, which is the oldest source. */
const ACTIONS = 'insert, update, delete, truncate';

export interface PublicationState {
  readonly tables: readonly TableName[];
  /** Sends every kind of change, whole and unfiltered, each partition under its own name, without generated columns. */
  readonly plain: boolean;
}

/** Columns that a version does not know are absent from the JSON, and so are what they would switch on. */
const PLAIN = `pubinsert and pubupdate and pubdelete and pubtruncate
    and not coalesce((to_jsonb(p) ->> 'pubviaroot')::boolean, false)
    and coalesce(to_jsonb(p) ->> 'pubgencols', 'n') = 'n'
    and not exists (
      select from pg_publication_rel as r
      where r.prpubid = p.oid and coalesce(to_jsonb(r) ->> 'prqual', to_jsonb(r) ->> 'prattrs') is not null)`;

export const publicationState = (): Statement<PublicationState> =>
  bound([PUBLICATION])(`
select
  (select coalesce(json_agg(json_build_object('schema', t.schemaname, 'table', t.tablename)), '[]')
    from pg_publication_tables as t where t.pubname = p.pubname) as tables,
  ${PLAIN} as plain
from pg_publication as p
where p.pubname = $1::name
`);

/** A table that the publication lists. */
export interface ListedTable extends TableName {
  readonly oid: number;
}

export interface PublicationList {
  readonly oid: number;
  readonly tables: readonly ListedTable[];
}

/**
 * The tables that the publication lists, without pg_publication_tables: from version 15 on that view opens every table, and so waits for every
 * session that locks one. CreatePublication has seen to it that the list is all there is.
 */
export const publicationList = (): Statement<PublicationList> =>
  bound([PUBLICATION])(`
select p.oid::int8::float8 as oid, (
  select coalesce(json_agg(json_build_object('oid', c.oid::int8, 'schema', n.nspname, 'table', c.relname)), '[]')
  from pg_publication_rel as r
  join pg_class as c on c.oid = r.prrelid
  join pg_namespace as n on n.oid = c.relnamespace
  where r.prpubid = p.oid) as tables
from pg_publication as p
where p.pubname = $1::name
`);

/** Whether the list is published whole, as in {@link PublicationState}; without opening a table. */
export const publicationIsPlain = (): Statement<{ readonly plain: boolean }> =>
  bound([PUBLICATION])(`
select ${PLAIN} as plain
from pg_publication as p
where p.pubname = $1::name
`);

/** `only`, so that nothing that inherits from a listed table comes in unlisted. */
const list = (tables: readonly TableName[]): string => tables.map(({ schema, table }) => `only ${qualified(schema, table)}`).join(', ');

export const createPublication = (tables: readonly TableName[]): Statement =>
  statement(`create publication ${identifier(PUBLICATION)} for table ${list(tables)} with (publish = ${literal(ACTIONS)})`);

/** Exactly these tables, without filters or column lists; those that stay are not interrupted. */
export const setPublishedTables = (tables: readonly TableName[]): Statement =>
  statement(`alter publication ${identifier(PUBLICATION)} set table ${list(tables)}`);

export const publishAlso = (tables: readonly TableName[]): Statement =>
  statement(`alter publication ${identifier(PUBLICATION)} add table ${list(tables)}`);

export const publishNoMore = (tables: readonly TableName[]): Statement =>
  statement(`alter publication ${identifier(PUBLICATION)} drop table ${list(tables)}`);

export const publishEverything = (): Statement =>
  statement(`alter publication ${identifier(PUBLICATION)} set (publish = ${literal(ACTIONS)})`);

/** Back to the default; only versions that know the setting can have it differ. */
export const publishUnderOwnName = (): Statement =>
  statement(`alter publication ${identifier(PUBLICATION)} set (publish_via_partition_root = false)`);

export const publishWithoutGenerated = (): Statement =>
  statement(`alter publication ${identifier(PUBLICATION)} set (publish_generated_columns = none)`);

export const dropPublication = (): Statement => statement(`drop publication if exists ${identifier(PUBLICATION)}`);

/** Publications are changed one run at a time; held until the transaction ends. */
export const lockPublication = (): Statement =>
  statement(`select pg_advisory_xact_lock(hashtextextended(${literal(`${PUBLICATION}.publication`)}, 0))`);
