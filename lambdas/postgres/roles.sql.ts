/** The role that streams: its state, its rights, and the statements that make it so. Guide W, step 2. */
import type { TableName } from '../config/input.ts';
import { HEARTBEAT, SCHEMA } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { actAsRoleMaker, within } from './acting-role.sql.ts';
import { runAsGrantors } from './as-grantor.sql.ts';
import { bound, identifier, literal, statement, USER_SCHEMA } from './quote.ts';
import { plain, withSecret } from './secret-connection.sql.ts';
import type { PublishedTable } from './tables.sql.ts';

/** Membership in it lets a role replicate on Aurora and RDS; ALTER ROLE … REPLICATION is refused there. */
const RDS_REPLICATION = 'rds_replication';

export interface RoleState {
  readonly exists: boolean;
  readonly mayLogIn: boolean;
  readonly mayReplicate: boolean;
  readonly bypassesRowSecurity: boolean;
  readonly mayConnect: boolean;
  /** Whether our schema and its heartbeat are there for it to read. */
  readonly hasHeartbeat: boolean;
  /** `name=value` of this database. */
  readonly settings: readonly string[];
  /** Schemas to publish, or that reading takes, that the role may not use, and tables that it may not read. */
  readonly unusableSchemas: readonly string[];
  readonly unreadableTables: readonly TableName[];
  /** Owners whose future tables in these schemas the role could not read, as far as we may speak for them. */
  readonly closedDefaults: readonly DefaultPrivilege[];
}

/** Tables that `owner` will make in `schema`. */
export interface DefaultPrivilege {
  readonly schema: string;
  readonly owner: string;
}

/**
 * A query on a table is planned over its indexes and statistics, and PostgreSQL then looks up what the functions in their expressions name
 * (`inline_function` in optimizer/util/clauses.c): in any schema, as bodies are no dependencies. Where we may not pass a right on, it is not
 * missed.
 */
const plannedWith = (building: boolean): string => `
  select n.oid, n.nspname from pg_namespace as n
  where ${
    building
      ? 'true'
      : `exists (select from published as p where exists (select from pg_index as i where i.indrelid = p.oid and (i.indexprs is not null or i.indpred is not null))
        or exists (select from pg_statistic_ext as x where x.stxrelid = p.oid))`
  }
  and ${USER_SCHEMA} and has_schema_privilege(n.oid, 'usage with grant option') and exists (select from pg_proc as f where f.pronamespace = n.oid)`;

/**
 * @param tables what is to be published; our heartbeat is looked at with them
 * @param building whether their indexes are still to come, so that it is not known yet what these name
 */
export const roleState = (role: string, tables: readonly PublishedTable[], building = false): Statement<RoleState> =>
  bound([role, tables.map(({ oid }) => oid)])(`
with streamer as (
  select oid, rolcanlogin, rolsuper, rolreplication, rolbypassrls from pg_roles where rolname = $1::text
), published as (
  select c.oid, c.relnamespace, c.relowner from pg_class as c
  where c.oid = any ($2::oid[]) or c.oid = to_regclass('${SCHEMA}.${HEARTBEAT}')
), schemas as (
  select distinct n.oid, n.nspname from pg_namespace as n join published as p on p.relnamespace = n.oid
)
select exists (select from streamer) as "exists",
  coalesce((select rolcanlogin from streamer), false) as "mayLogIn",
  exists (select from streamer as s where s.rolreplication or s.rolsuper or exists (
    select from pg_roles as g where g.rolname = '${RDS_REPLICATION}' and pg_has_role(s.oid, g.oid, 'member'))) as "mayReplicate",
  coalesce((select rolbypassrls or rolsuper from streamer), false) as "bypassesRowSecurity",
  coalesce((select has_database_privilege(oid, current_database(), 'connect') from streamer), false) as "mayConnect",
  to_regclass('${SCHEMA}.${HEARTBEAT}') is not null as "hasHeartbeat",
  coalesce((
    select to_json(s.setconfig) from pg_db_role_setting as s
    join pg_database as d on d.oid = s.setdatabase and d.datname = current_database()
    where s.setrole = (select oid from streamer)), '[]') as settings,
  (select coalesce(json_agg(n.nspname::text order by n.nspname), '[]') from (select oid, nspname from schemas union ${plannedWith(building)}) as n
    where not exists (select from streamer as s where has_schema_privilege(s.oid, n.oid, 'usage'))) as "unusableSchemas",
  (select coalesce(json_agg(json_build_object('schema', n.nspname, 'table', c.relname)), '[]')
    from published as p join pg_class as c on c.oid = p.oid join schemas as n on n.oid = p.relnamespace
    where not exists (select from streamer as s where has_table_privilege(s.oid, p.oid, 'select'))) as "unreadableTables",
  (select coalesce(json_agg(json_build_object('schema', n.nspname, 'owner', o.rolname)), '[]')
    from (select distinct relnamespace, relowner from published) as p
    join schemas as n on n.oid = p.relnamespace
    join pg_roles as o on o.oid = p.relowner
    where n.nspname <> '${SCHEMA}' and pg_has_role(o.oid, 'usage') and not exists (
      select from pg_default_acl as d, aclexplode(d.defaclacl) as a
      where d.defaclrole = p.relowner and d.defaclnamespace = n.oid and d.defaclobjtype = 'r'
        and a.grantee = (select oid from streamer) and a.privilege_type = 'SELECT')) as "closedDefaults"
`);

/** Rights that our own role on the source may pass on. */
export interface GrantorState {
  readonly hasRdsReplication: boolean;
  /** Superusers may, and from version 16 on roles that have the attribute and CREATEROLE. On RDS this is not known beforehand. */
  readonly mayGrantBypass: boolean;
  /** The same where we act as {@link asRoleMaker} does. */
  readonly mayHaveBypassGranted: boolean;
}

const GRANTS_BYPASS = `r.rolsuper or (r.rolbypassrls and r.rolcreaterole and current_setting('server_version_num')::int >= 160000)`;

export const grantorState = (): Statement<GrantorState> =>
  statement(`
select exists (select from pg_roles where rolname = '${RDS_REPLICATION}') as "hasRdsReplication",
  ${GRANTS_BYPASS} as "mayGrantBypass",
  ${within(GRANTS_BYPASS)} as "mayHaveBypassGranted"
from pg_roles as r where rolname = current_user
`);

export const roleExists = (role: string): Statement<{ exists: boolean }> =>
  statement(`select exists (select from pg_roles where rolname = $1::name) as exists`, [role]);

/** Name of the role that our session runs as. */
export const ownRole = (): Statement<{ name: string }> => statement('select session_user::text as name');

/** From here to the end of the transaction, or to {@link asOurselves}; see `acting-role.ts`. @param role the one that is to be made or changed */
export const asRoleMaker = (role: string): Statement => statement(actAsRoleMaker(role));

export const asOurselves = (): Statement => statement('set local role none');

/** Statements between both, in this order, in one transaction. */
export const asMakerOf = (role: string, ...statements: readonly Statement[]): Statement[] => [
  asRoleMaker(role),
  ...statements,
  asOurselves(),
];

/** The same as one text. */
export const asMakerText = (role: string, text: string): string =>
  asMakerOf(role, statement(text))
    .map((one) => one.text)
    .join(';\n');

/** Roles are made one run at a time; held until the transaction ends. */
export const lockRoles = (): Statement => statement(`select pg_advisory_xact_lock(hashtextextended('${SCHEMA}.roles', 0))`);

/**
 * In this order, in one transaction.
 * @param verifier see `scramVerifier`; never the password itself. It lets no client log in, but passwords can be tried on it
 */
export const createRole = (role: string, verifier: string): Statement[] =>
  withSecret(`create role ${plain(identifier(role))} login password %L`, verifier);

/** In this order, in one transaction. */
export const setVerifier = (role: string, verifier: string): Statement[] =>
  withSecret(`alter role ${plain(identifier(role))} login password %L`, verifier);

export const limitConnections = (role: string, most: number): Statement =>
  statement(`alter role ${identifier(role)} connection limit ${most}`);

export const allowReplication = (role: string, hasRdsReplication: boolean): Statement =>
  statement(hasRdsReplication ? `grant ${RDS_REPLICATION} to ${identifier(role)}` : `alter role ${identifier(role)} replication`);

/** Where we may not pass it on, nothing changes: then a table with row-level security fails to copy, with an error that says so. */
export const allowBypass = (role: string): Statement =>
  statement(`
do $do$
begin
  alter role ${identifier(role)} bypassrls;
exception
  when insufficient_privilege then null;
end
$do$
`);

/** See `streamSettings`. */
export const setForStream = (role: string, database: string, name: string, value: string): Statement =>
  statement(`alter role ${identifier(role)} in database ${identifier(database)} set ${identifier(name)} = ${literal(value)}`);

export const grantConnect = (role: string, database: string): Statement =>
  statement(`grant connect on database ${identifier(database)} to ${identifier(role)}`);

export const grantUsage = (role: string, schemas: readonly string[]): Statement =>
  runAsGrantors(`
    select format('grant usage on schema %s to %s', string_agg(quote_ident(n.nspname), ', '), ${literal(identifier(role))}), n.nspowner
    from pg_namespace as n where n.nspname in (select jsonb_array_elements_text(${literal(JSON.stringify(schemas))}::jsonb)) group by n.nspowner`);

export const grantSelect = (role: string, tables: readonly TableName[]): Statement =>
  runAsGrantors(`
    select format('grant select on table %s to %s', string_agg(format('%I.%I', n.nspname, c.relname), ', '), ${literal(identifier(role))}), c.relowner
    from jsonb_to_recordset(${literal(JSON.stringify(tables))}::jsonb) as t ("schema" text, "table" text)
    join pg_namespace as n on n.nspname = t."schema" join pg_class as c on c.relnamespace = n.oid and c.relname = t."table"
    group by c.relowner`);

export const grantSelectOnFuture = (role: string, { schema, owner }: DefaultPrivilege): Statement =>
  statement(`
alter default privileges for role ${identifier(owner)} in schema ${identifier(schema)} grant select on tables to ${identifier(role)}
`);
