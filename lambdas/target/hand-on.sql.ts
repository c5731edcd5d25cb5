/** What a role's end would take along although it is not owned: its default privileges. */
import type { Statement } from '../ports/database.ts';
import { literal, statement } from '../postgres/quote.ts';

/**
 * Gives the successor of a role what that grants by default in this database: whoever could read what the role would make can read what its
 * successor makes. Only what is lacking is granted, so it may be run again. Our login has to be a member of the successor.
 */
export const handOnDefaults = (role: string, successor: string): Statement =>
  statement(
    `do ${literal(`
declare
  one text;
begin
  for one in
    select format('alter default privileges for role %I%s grant %s on %s to %s%s', ${literal(successor)},
      ' in schema ' || quote_ident(n.nspname), g.privilege_type,
      case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types' when 'n' then 'schemas' end,
      case when g.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end,
      case when g.is_grantable then ' with grant option' end)
    from pg_default_acl as d
    cross join lateral aclexplode(d.defaclacl) as g
    left join pg_namespace as n on n.oid = d.defaclnamespace
    where d.defaclrole = (select oid from pg_roles where rolname = ${literal(role)}) and g.grantee <> d.defaclrole
      and pg_get_userbyid(g.grantee) <> ${literal(successor)} and d.defaclobjtype in ('r', 'S', 'f', 'T', 'n')
  loop
    execute one;
  end loop;
end
`)}`,
  );
