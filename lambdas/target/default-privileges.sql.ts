/** Default privileges of the migration's role, which PostgreSQL drops with a role, whoever gets what it owns. */
import type { Statement } from '../ports/database.ts';
import { literal, statement } from '../postgres/quote.ts';

/** In this database: what `heir` makes from now on has what `role` would have given it. May be repeated. */
export const passOnDefaultPrivileges = (role: string, heir: string): Statement =>
  statement(`
do $do$
declare
  one text;
begin
  for one in
    with list as (
      select d.defaclnamespace as schema, d.defaclrole as owner, d.defaclacl as acl,
        case when d.defaclnamespace = 0 then acldefault(case d.defaclobjtype when 'S' then 's' else d.defaclobjtype end, d.defaclrole) end as base,
        case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'routines' when 'T' then 'types' when 'n' then 'schemas'
          else 'large objects' end as objects
      from pg_default_acl as d join pg_roles as r on r.oid = d.defaclrole where r.rolname = ${literal(role)}
    ), change as (
      select l.*, g.privilege_type, g.grantee, g.is_grantable, true as granted from list as l cross join aclexplode(l.acl) as g
      where not exists (select from aclexplode(l.base) as b
        where (b.grantee, b.privilege_type, b.is_grantable) = (g.grantee, g.privilege_type, g.is_grantable))
      union all
      select l.*, b.privilege_type, b.grantee, false, false from list as l cross join aclexplode(l.base) as b
      where not exists (select from aclexplode(l.acl) as g where (g.grantee, g.privilege_type) = (b.grantee, b.privilege_type))
    )
    select format('alter default privileges for role %I%s %s %s on %s %s %s%s', ${literal(heir)},
      (select format(' in schema %I', n.nspname) from pg_namespace as n where n.oid = c.schema),
      case when c.granted then 'grant' else 'revoke' end, c.privilege_type, c.objects, case when c.granted then 'to' else 'from' end,
      case when c.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(c.grantee)) end,
      case when c.is_grantable then ' with grant option' end)
    from change as c where c.grantee <> c.owner
  loop
    execute one;
  end loop;
end
$do$
`);
