/**
 * Closes what we make in our schema to every other role: default privileges of our role, which many databases have for their application,
 * grant rights on whatever it makes, and a role that may write to our tables may lift a fence or have statements carried out.
 */
import { SCHEMA } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { identifier, literal, qualified, statement } from '../postgres/quote.ts';

const revokeFromOthers = (catalog: string, acl: string, owner: string, oid: string, on: string): string => `
    declare
      other text;
    begin
      for other in
        select distinct case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end
        from ${catalog} as c cross join aclexplode(c.${acl}) as a
        where c.oid = ${oid} and a.grantee <> c.${owner}
      loop
        execute format('revoke all on %s from %s', ${literal(on)}, other);
      end loop;
    end;`;

/** Piece of a block, right after our schema was made. */
export const closeSchema = (): string =>
  revokeFromOthers('pg_namespace', 'nspacl', 'nspowner', `to_regnamespace('${SCHEMA}')`, `schema ${identifier(SCHEMA)}`);

/** Piece of a block, right after a table of ours was made. */
export const closeTable = (name: string): string =>
  revokeFromOthers('pg_class', 'relacl', 'relowner', `to_regclass('${SCHEMA}.${name}')`, `table ${qualified(SCHEMA, name)}`);

/** Another visit may make it at the same moment, which its creation does not see: it waits for the other, and breaks an index of the catalog then. */
const orElsewhere = (creation: string): string =>
  creation.includes('if not exists')
    ? `
  begin
    ${creation};
  exception
    when unique_violation then is_new := false; -- the other one has closed it
  end;`
    : `
  ${creation};`;

/** @param creation makes the table of this name in our schema; where it is there already and this is no error, nothing is revoked */
export const closed = (name: string, creation: string): Statement =>
  statement(`
do $do$
declare
  is_new boolean := to_regclass('${SCHEMA}.${name}') is null;
begin${orElsewhere(creation.trim())}
  if is_new then${closeTable(name)}
  end if;
end
$do$
`);
