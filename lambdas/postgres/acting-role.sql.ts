/**
 * The role as which a statement runs that needs an attribute. PlanetScale's user-defined roles are members of `postgres`, and attributes
 * (CREATEROLE, REPLICATION, BYPASSRLS) are not inherited: a member has to `set role` to use them
 * (https://planetscale.com/docs/postgres/connecting/roles, https://www.postgresql.org/docs/current/role-membership.html).
 *
 * Only around statements that run no code of others: whatever runs in our session could set the role as well (design §16). So it ends
 * with the statement or with the transaction, and is never a superuser's.
 */
import { REPLICATION_ROLE } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { literal, statement } from './quote.ts';

/** From 16 on a membership says whether it lets its member set the role; pg_has_role knows no mode of that name before. */
const SET_MODE = `case when current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end`;

/** Condition under which our login may act as a role `r`. It is true of our login itself. */
export const MAY_ACT_AS = `pg_has_role(session_user, r.oid, ${SET_MODE})`;

/** Whether we or a role as which we may act meets a condition on `r`. */
export const within = (condition: string): string => `exists (select from pg_roles as r where ${MAY_ACT_AS} and (${condition}))`;

/** RDS passes REPLICATION on by a membership, which is inherited. */
const USES_RDS_REPLICATION = `exists (select from pg_roles as g where g.rolname = 'rds_replication' and pg_has_role(g.oid, 'usage'))`;

/** Of several roles the owner of the database, which on PlanetScale is `postgres`; then our own. */
const PREFERRED = `r.oid = (select datdba from pg_database where datname = current_database()) desc, r.rolname = session_user desc, r.rolname`;

/** The role to act as so that REPLICATION is there; null where we have it, or where no role of ours has it. */
const REPLICATOR = `(
  select r.rolname from pg_roles as r
  where r.rolreplication and not r.rolsuper and ${MAY_ACT_AS} and not ${USES_RDS_REPLICATION}
    and not exists (select from pg_roles as us where us.rolname = current_user and (us.rolreplication or us.rolsuper))
  order by ${PREFERRED} limit 1)`;

/**
 * Item of a FROM list, before a lateral call of one of the server's own functions on slots, which look for REPLICATION in the current role:
 * `from ${AS_REPLICATOR} cross join lateral pg_create_logical_replication_slot(${afterRole('$1::name')}, …)`. It is one round trip, and over with
 * the statement where this is a transaction of its own.
 */
export const AS_REPLICATOR = `(select set_config('role', coalesce(${REPLICATOR}, current_setting('role')), true) as name offset 0) as acting`;

/** The role to act as so that row-level security hides nothing; null where it hides nothing from us, or where no role of ours has BYPASSRLS. */
const SEEING_ALL = `(
  select r.rolname::text from pg_roles as r
  where r.rolbypassrls and not r.rolsuper and ${MAY_ACT_AS}
    and not exists (select from pg_roles as us where us.rolname = current_user and (us.rolbypassrls or us.rolsuper))
  order by ${PREFERRED} limit 1)`;

/**
 * For the rest of a transaction that touches tables of extensions: where even so a policy hides rows, those that it shows are better than an
 * error, and the step that reads them says so.
 */
export const seeAllRows = (): Statement =>
  statement(`select set_config('role', coalesce(${SEEING_ALL}, current_setting('role')), true), set_config('row_security', 'on', true)`);

/** An argument that cannot be known before the role is set. */
export const afterRole = (value: string): string => `case when acting.name is not null then ${value} end`;

/** Whether CREATEROLE, from 16 on ADMIN on it too, lets `r` change the role whose oid is `made`. */
const MAY_CHANGE = `(made is null or pg_has_role(r.oid, made, 'member with admin option'))`;

/**
 * Block that acts, for the rest of the transaction, as the role that can do most with roles: make them, pass on REPLICATION and BYPASSRLS, and
 * change the one of this name where it is there already. Quoted as a whole, since a name may hold any text.
 */
export const actAsRoleMaker = (role: string = REPLICATION_ROLE): string => `
do ${literal(`
declare
  made oid := to_regrole(quote_ident(${literal(role)}));
  maker name := (
    select r.rolname from pg_roles as r
    where r.rolcreaterole and (r.rolname = current_user or not r.rolsuper) and ${MAY_ACT_AS}
    order by r.rolsuper desc, ${MAY_CHANGE} desc, r.rolreplication desc, r.rolbypassrls desc, r.rolname = session_user desc, ${PREFERRED}
    limit 1);
begin
  if maker <> current_user then
    perform set_config('role', maker, true);
  end if;
end
`)}
`;
