/**
 * The roles, functions and objects that RDS makes on every cluster, as far as plain PostgreSQL can have them. Where plain PostgreSQL asks for an
 * attribute that Aurora's master user does not have, a function does it; never is the role more than it is.
 *
 * Roles and memberships as `\\du` shows them on RDS. That the master user has CREATEDB and CREATEROLE and nothing else:
 * https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.rds_superuser.html
 */
import { identifier } from '../../lambdas/postgres/quote.ts';

/** Owned by the bootstrap superuser, and closed to every other role. */
export const PLATFORM_DATABASE = 'rdsadmin';

/** From here on memberships say who may pass them on, and some rights of superusers can be granted. */
const MEMBERSHIPS_HAVE_OPTIONS = 16;

const predefined = (version: number): string[] => [
  ...['pg_monitor', 'pg_signal_backend'],
  ...(version >= MEMBERSHIPS_HAVE_OPTIONS ? ['pg_checkpoint', 'pg_use_reserved_connections', 'pg_create_subscription'] : []),
];

/**
 * For the whole server, one by one, from any database.
 * @param master the cluster's master user, which is made afterwards by {@link masterAttributes}
 */
export const platformRoles = (version: number): string[] => [
  'create role rds_superuser nologin',
  'create role rds_replication nologin',
  'create role rds_password nologin',
  'create role rds_iam nologin',
  'create role rds_ad nologin',
  'create role rds_reserved nologin',
  'create role rdsrepladmin nologin noinherit replication',
  "create role rdsproxyadmin login valid until 'infinity'",
  // "Grant (and revoke) the rds_replication role to database users that don't have the rds_superuser role", and rds_password alike.
  'grant rds_replication, rds_password to rds_superuser with admin option',
  `grant ${predefined(version).join(', ')} to rds_superuser with admin option`,
  `create database ${identifier(PLATFORM_DATABASE)}`,
  `revoke all on database ${identifier(PLATFORM_DATABASE)} from public`,
];

/** No REPLICATION and no BYPASSRLS: neither is in the statement that the page above quotes, so a source has them from nowhere. */
export const MASTER_ATTRIBUTES = 'createdb createrole';

/** "Grant rds_superuser privileges to user roles that don't have these privileges". */
export const letMasterBe = (master: string): string[] => [`grant rds_superuser to ${master} with admin option`];

/** Functions of plain PostgreSQL that ask for the attribute REPLICATION, where RDS asks for membership in rds_replication. */
const SLOT_FUNCTIONS = [
  ...['pg_create_logical_replication_slot', 'pg_copy_logical_replication_slot', 'pg_drop_replication_slot', 'pg_replication_slot_advance'],
  ...['pg_logical_slot_get_changes', 'pg_logical_slot_peek_changes'],
  ...['pg_logical_slot_get_binary_changes', 'pg_logical_slot_peek_binary_changes'],
];

/**
 * For one database, one by one. In pg_catalog, which no dump and no check takes for a user's. Databases that are copied from `template1` have
 * what it has.
 */
export const platformFunctions = (): string[] => [
  // Event triggers of rdsadmin stand in users' databases. Which ones is not written anywhere, so this one stands for any.
  `
create function pg_catalog.rds_see_ddl() returns event_trigger language plpgsql as $do$
begin
  perform tg_tag;
end
$do$
`,
  'create event trigger "rds: ddl" on ddl_command_end execute procedure pg_catalog.rds_see_ddl()',
  `comment on event trigger "rds: ddl" is 'of the platform'`,
  // A function that is built in runs as its caller whatever its row says, as its number is enough to find it. So the original is kept under
  // another name, and one with its name and a number of its own runs as rdsadmin, for members of rds_replication.
  `
do $do$
declare
  original record;
begin
  for original in
    select p.oid, p.proname, pg_get_function_identity_arguments(p.oid) as arguments, pg_get_functiondef(p.oid) as definition
    from pg_proc as p where p.pronamespace = 'pg_catalog'::regnamespace and p.proname = any ('{${SLOT_FUNCTIONS.join(',')}}'::name[])
  loop
    execute format('alter function %s rename to %I', original.oid::regprocedure, 'rds_plain_' || original.proname);
    execute regexp_replace(original.definition, '\\mLANGUAGE internal\\M', 'LANGUAGE internal SECURITY DEFINER');
    execute format('revoke all on function pg_catalog.%I(%s) from public', original.proname, original.arguments);
    execute format('grant execute on function pg_catalog.%I(%s) to rds_replication', original.proname, original.arguments);
  end loop;
end
$do$
`,
  // The attribute that plain PostgreSQL's walsender asks for is where the membership is, and nowhere else.
  `
create procedure pg_catalog.rds_follow_membership(grantee text) language plpgsql security definer set search_path = pg_catalog, pg_temp as $do$
begin
  if (select not rolsuper and rolreplication <> pg_has_role(oid, 'rds_replication', 'member') from pg_roles where rolname = grantee) then
    execute format('alter role %I %s', grantee,
      case when pg_has_role(grantee, 'rds_replication', 'member') then 'replication' else 'noreplication' end);
  end if;
end
$do$
`,
  // For as long as a statement of the caller takes; see the front.
  `
create procedure pg_catalog.rds_set_attribute_aside(grantee text) language plpgsql security definer set search_path = pg_catalog, pg_temp as $do$
begin
  if (select not rolsuper and rolreplication and pg_has_role(oid, 'rds_replication', 'member') from pg_roles where rolname = grantee) then
    execute format('alter role %I noreplication', grantee);
  end if;
end
$do$
`,
  // Before version 16 a subscription is made by superusers only, and given away to superusers only; it does not ask for more once it is there.
  // Its owner is kept in two places, the row and pg_shdepend, which never lists the bootstrap superuser.
  `
create procedure pg_catalog.rds_create_subscription(owner text, command text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $do$
declare
  before oid[] := array(select oid from pg_subscription);
begin
  if not (pg_has_role(session_user, owner, 'member') and pg_has_role(owner, 'rds_superuser', 'usage')) then
    raise exception using errcode = 'insufficient_privilege', message = 'must be superuser to create subscriptions';
  end if;
  execute command;
  update pg_subscription set subowner = owner::regrole where oid <> all (before) and subowner = current_user::regrole;
  insert into pg_shdepend (dbid, classid, objid, objsubid, refclassid, refobjid, deptype)
  select 0, 'pg_subscription'::regclass, oid, 0, 'pg_authid'::regclass, subowner, 'o'
  from pg_subscription where oid <> all (before) and subowner = owner::regrole;
end
$do$
`,
  // Before version 13 every extension takes a superuser. Where its objects go is up to the caller's search_path, so none is set here.
  `
create procedure pg_catalog.rds_create_extension(owner text, command text) language plpgsql security definer as $do$
declare
  before oid[] := array(select oid from pg_catalog.pg_extension);
begin
  if not (pg_catalog.pg_has_role(session_user, owner, 'member') and pg_catalog.pg_has_role(owner, 'rds_superuser', 'usage')) then
    raise exception using errcode = 'insufficient_privilege', message = 'must be superuser to create this extension';
  end if;
  execute command;
  update pg_catalog.pg_extension set extowner = owner::pg_catalog.regrole where oid <> all (before);
  insert into pg_catalog.pg_shdepend (dbid, classid, objid, objsubid, refclassid, refobjid, deptype)
  select d.oid, 'pg_catalog.pg_extension'::pg_catalog.regclass, e.oid, 0, 'pg_catalog.pg_authid'::pg_catalog.regclass, e.extowner, 'o'
  from pg_catalog.pg_extension as e join pg_catalog.pg_database as d on d.datname = pg_catalog.current_database()
  where e.oid <> all (before);
end
$do$
`,
  ...['rds_create_subscription', 'rds_create_extension'].flatMap((procedure) => [
    `revoke all on procedure pg_catalog.${procedure}(text, text) from public`,
    `grant execute on procedure pg_catalog.${procedure}(text, text) to rds_superuser`,
  ]),
];
