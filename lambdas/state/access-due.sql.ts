/**
 * Owners and grants that objects get which are made after the copy; and what takes back, where the copied objects are dropped again, what was
 * granted and set on that which stays.
 */
import type { Statement } from '../ports/database.ts';
import { bound, literal, statement } from '../postgres/quote.ts';
import { closed } from './closed.sql.ts';
import { tableExists } from './exists.sql.ts';
import { OWN_TABLES } from './tables.ts';

const { name: DUE_NAME, table: DUE } = OWN_TABLES.accessDue;
const { name: UNDO_NAME, table: UNDO } = OWN_TABLES.accessUndo;

/** `give` makes `owner` the owner of the relation or routine `name`, which is in `schema`; all of them null for what else is due. */
export const createAccessDue = (): Statement[] => [
  closed(
    DUE_NAME,
    `create table ${DUE} (ordinal int primary key, access jsonb not null, relation boolean, name text, schema text, owner text, give text)`,
  ),
  closed(UNDO_NAME, `create table ${UNDO} (ordinal int8 primary key, text text not null)`),
];

export const accessDueExists = () => tableExists(OWN_TABLES.accessDue);

/** A relation or a routine that is to belong to another role the moment it is made. */
export interface OwnerDue {
  /** A relation, or else a routine. */
  readonly relation: boolean;
  /** As SQL writes it, quoted, a routine with its arguments. */
  readonly name: string;
  /** Quoted. */
  readonly schema: string;
  readonly owner: string;
  /** The statement that makes it the owner. */
  readonly give: string;
}

/** What an object is to have: `access` in the form of what reads it again. */
export interface AccessDue {
  readonly access: unknown;
  readonly owner?: OwnerDue | undefined;
}

export const listAccessDue = (due: readonly AccessDue[]): Statement =>
  bound([JSON.stringify(due.map(({ access, owner }, at) => ({ ordinal: at + 1, access, ...owner })))])(`
insert into ${DUE} (ordinal, access, relation, name, schema, owner, give)
select ordinal, access, relation, name, schema, owner, give
from jsonb_to_recordset($1::jsonb) as d (ordinal int, access jsonb, relation boolean, name text, schema text, owner text, give text)
`);

/**
 * Piece of a block, right after something was made, in the same transaction: what is due to another owner never is ours for a moment in which code
 * of others could call it. Nobody may call a routine until its grants are made, either. A new owner has to have CREATE on the schema.
 */
export const GIVE_DUE_OWNERS = `
  if to_regclass(${literal(DUE)}) is not null then
    declare
      due record;
    begin
      for due in
        select d.*, has_schema_privilege(d.owner, d.schema::pg_catalog.regnamespace, 'create') as allowed from ${DUE} as d
        where d.give is not null and case
          when d.relation then exists (select from pg_catalog.pg_class as c
            where c.oid = to_regclass(d.name) and c.relowner = (select oid from pg_catalog.pg_roles where rolname = current_user))
          else exists (select from pg_catalog.pg_proc as p
            where p.oid = to_regprocedure(d.name) and p.proowner = (select oid from pg_catalog.pg_roles where rolname = current_user)) end
      loop
        if not due.relation then execute format('revoke all on routine %s from public', due.name); end if;
        if not due.allowed then execute format('grant create on schema %s to %I', due.schema, due.owner); end if;
        execute due.give;
        if not due.allowed then execute format('revoke create on schema %s from %I', due.schema, due.owner); end if;
      end loop;
    end;
  end if;`;

/** To be asked only where {@link accessDueExists}. */
export const accessDue = <Access>(): Statement<{ readonly access: Access }> => statement(`select access from ${DUE} order by ordinal`);

export const accessUndoExists = () => tableExists(OWN_TABLES.accessUndo);

/** @param texts in the order in which what they take back was given */
export const listAccessUndo = (texts: readonly string[]): Statement =>
  bound([[...texts]])(`
insert into ${UNDO} (ordinal, text)
select (select coalesce(max(ordinal), 0) from ${UNDO}) + u.ordinal, u.text from unnest($1::text[]) with ordinality as u (text, ordinal)
`);

/** Last given, first taken back. */
export const accessUndo = (): Statement<{ readonly text: string }> => statement(`select text from ${UNDO} order by ordinal desc`);
