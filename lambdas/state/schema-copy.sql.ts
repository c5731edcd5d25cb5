/** The record on the target that the schema there is ours, and of what it was copied from. */
import type { Exclusions } from '../config/input.ts';
import type { Statement } from '../ports/database.ts';
import { bound, statement } from '../postgres/quote.ts';
import { closed } from './closed.sql.ts';
import { tableExists } from './exists.sql.ts';
import { OWN_TABLES } from './tables.ts';

const { name: NAME, table: TABLE } = OWN_TABLES.schemaCopy;

/** One row says all of it; its existence is the proof that the copy was committed as a whole. */
export const createSchemaCopy = (): Statement =>
  closed(
    NAME,
    `
create table ${TABLE} (
  only_row boolean primary key default true check (only_row),
  source_identity text not null,
  source_database text not null,
  copied_at timestamptz not null default now(),
  exclusions jsonb not null,
  statements int not null,
  left_behind text[] not null
)
`,
  );

/** A copy as recorded on the target. */
export interface SchemaCopy {
  readonly sourceIdentity: string;
  readonly sourceDatabase: string;
  readonly copiedAt: Date;
  readonly exclusions: Exclusions;
  /** Number of statements that were carried out in the copy's transaction. */
  readonly statements: number;
  /** Foreign keys that refer to an excluded table, and what the target refused and no row depends on; see `schema/dump/left-behind.ts`. */
  readonly leftBehind: string[];
}

export const recordSchemaCopy = (copy: Omit<SchemaCopy, 'copiedAt'>): Statement =>
  bound([copy.sourceIdentity, copy.sourceDatabase, JSON.stringify(copy.exclusions), copy.statements, copy.leftBehind])(`
insert into ${TABLE} (source_identity, source_database, exclusions, statements, left_behind)
values ($1::text, $2::text, $3::jsonb, $4::int, $5::text[])
`);

export const schemaCopyExists = () => tableExists(OWN_TABLES.schemaCopy);

/** To be asked only where {@link schemaCopyExists}. */
export const schemaCopy = (): Statement<SchemaCopy> =>
  statement(`
select source_identity as "sourceIdentity", source_database as "sourceDatabase", copied_at as "copiedAt", exclusions, statements,
  left_behind as "leftBehind"
from ${TABLE}
`);

/** What was refused of what is made after the copy; each once. */
export const addLeftBehind = (texts: readonly string[]): Statement =>
  bound([[...texts]])(`
update ${TABLE} set left_behind = left_behind || array(select text from unnest($1::text[]) as t (text) where text <> all (left_behind))
where only_row
`);

/** Two copies at once: the second waits for the first, and finds it done. */
export const lockSchemaCopy = (): Statement => statement(`select pg_advisory_xact_lock(hashtextextended($1::text, 0))`, [TABLE]);
