/** Encodings, locales and collations of a database. */
import type { Statement } from '../../ports/database.ts';
import { statement } from '../../postgres/quote.ts';

export interface DatabaseLocale {
  readonly encoding: string;
  /** c libc, i ICU, b built in; always c before version 15. */
  readonly provider: 'c' | 'i' | 'b';
  readonly collate: string;
  readonly ctype: string;
  /** Locale of ICU or of the built-in provider. */
  readonly locale: string | null;
  /** Version of the collation as it was when the database was made; null where the server does not record it. */
  readonly version: string | null;
}

/** Columns that came with 15 and 17 are read through jsonb, which gives null where there is no such column. */
export const databaseLocale = (): Statement<DatabaseLocale> =>
  statement(`
select pg_encoding_to_char(d.encoding)::text as encoding, d.datcollate::text as collate, d.datctype::text as ctype,
  coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') as provider,
  coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') as locale,
  to_jsonb(d) ->> 'datcollversion' as version
from pg_database as d
where d.datname = current_database()
`);

export interface CollationFacts {
  /** Name as SQL writes it. */
  readonly name: string;
  /** Whether it is one of the server's own, which a dump does not define. */
  readonly isSystem: boolean;
  readonly provider: string;
  /** The name that the provider knows it by. */
  readonly locale: string | null;
  readonly version: string | null;
  /** Whether only equal bytes are equal; always so before version 12. */
  readonly isDeterministic: boolean;
}

const facts = (condition: string): string => `
select format('%I.%I', n.nspname, c.collname) as name, n.nspname = 'pg_catalog' as "isSystem", c.collprovider::text as provider,
  coalesce(to_jsonb(c) ->> 'colllocale', to_jsonb(c) ->> 'colliculocale', c.collcollate::text) as locale, c.collversion as version,
  coalesce((to_jsonb(c) ->> 'collisdeterministic')::boolean, true) as "isDeterministic"
from pg_collation as c
join pg_namespace as n on n.oid = c.collnamespace
where ${condition}
order by name
`;

/**
 * Collations on which something depends. Those that came with the server are pinned, so pg_depend does not record what uses them (`unicode`,
 * from 16 on), but pg_attribute does; "default", "C" and "POSIX" are the same in every server.
 */
export const usedCollations = (): Statement<CollationFacts> =>
  statement(
    facts(`(
  exists (select from pg_depend as d where d.refclassid = 'pg_collation'::regclass and d.refobjid = c.oid and d.deptype = 'n')
  or c.oid in (select a.attcollation from pg_attribute as a where a.attrelid >= 16384)
) and c.collname not in ('default', 'C', 'POSIX')`),
  );

/** Every collation that can be used with the database's encoding. */
export const collationsThere = (): Statement<CollationFacts> =>
  statement(facts('c.collencoding in (-1, (select d.encoding from pg_database as d where d.datname = current_database()))'));
