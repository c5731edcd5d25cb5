/** The preparations of an operator with superuser rights on both servers, as far as Preflight asks for them for every such database. */
import pg from 'pg';
import { clientConfig } from '../../lambdas/adapters/postgres/client-config.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import { identifier, literal, statement, USER_SCHEMA } from '../../lambdas/postgres/quote.ts';
import { APPLICATION_ROLE, asSuperuser, SOURCE_ROLE } from '../servers/pair.ts';
import { TARGET_ROLES } from '../servers/planetscale-roles.ts';
import type { Server } from '../servers/server.ts';
import type { Keys } from './loader.ts';

/** Owns tables under row-level security where only the master user would: see Preflight's `RowSecurityHidesRows`. */
export const OWNER_ROLE = 'rehearsal_owner';

interface Embedded {
  /** Whether the migration carries the roles of the dump to the target, so that they are not made there. @default false */
  readonly carried?: boolean;
  readonly source: Server;
  /** Undefined where it is the user's server. */
  readonly target: Server | undefined;
}

const createRole = (name: string): string => `
do $do$
begin
  if not exists (select from pg_roles where rolname = ${literal(name)}) then
    create role ${identifier(name)} nologin;
  end if;
end
$do$`;

/**
 * Roles of the dump are where they have to be beforehand, and the master user is a member of each and may make others members, as an operator who restores a
 * dump on Aurora has to be.
 */
export const keysTo = ({ source, target, carried = false }: Embedded): Keys => ({
  async createRole(name) {
    await asSuperuser(source.superuser(), [createRole(name), `grant ${identifier(name)} to ${SOURCE_ROLE} with admin option`]);
    if (target && !carried) await asSuperuser(target.superuser(), [createRole(name)]);
  },
  async asSuperuser(work) {
    await asSuperuser(source.superuser(), [`alter role ${SOURCE_ROLE} superuser`]);
    try {
      return await work();
    } finally {
      await asSuperuser(source.superuser(), [`alter role ${SOURCE_ROLE} nosuperuser`]);
    }
  },
});

async function namesFrom(settings: ConnectionSettings, { text, values }: { readonly text: string; readonly values: readonly unknown[] }) {
  const client = new pg.Client(clientConfig(settings, 'rehearsal preparation'));
  await client.connect();
  try {
    return (await client.query<string[]>({ text, values: [...values], rowMode: 'array' })).rows;
  } finally {
    await client.end();
  }
}

/** Those that a dump has made by itself, too. */
const rolesOfDump = () =>
  statement(
    `select rolname::text from pg_catalog.pg_roles where oid >= 16384 and rolname !~ '^(rds|pg_)' and rolname not in ($1::text, $2::text) order by 1`,
    [SOURCE_ROLE, APPLICATION_ROLE],
  );
/** Such as a policy to CURRENT_USER: see Preflight's `PolicyForMissingRole`. */
const policiesForMaster = () =>
  statement(
    `select 1 from pg_catalog.pg_policy as o join pg_catalog.pg_roles as r on r.oid = any (o.polroles) where r.rolname = $1::text limit 1`,
    [SOURCE_ROLE],
  );
const extensionsThere = () =>
  statement(
    `select e.extname::text, n.nspname::text from pg_catalog.pg_extension as e join pg_catalog.pg_namespace as n on n.oid = e.extnamespace order by 1`,
  );
const untrustedExtensions = () =>
  statement(`
select a.name::text from pg_catalog.pg_available_extension_versions as a join pg_catalog.pg_available_extensions as d
  on d.name = a.name and d.default_version = a.version
where a.superuser and not a.trusted and d.installed_version is null
`);
const protectedTables = () =>
  statement(
    `
select format('%I.%I', n.nspname, c.relname) from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and c.relrowsecurity and pg_catalog.pg_get_userbyid(c.relowner) = $1::text and ${USER_SCHEMA}
order by 1
`,
    [SOURCE_ROLE],
  );

/** Where the dump takes CONNECT from PUBLIC, and does not know the role of the rehearsal's application. */
const letIntoDatabase = (): string => `
do $do$
begin
  if not has_database_privilege('${APPLICATION_ROLE}', current_database(), 'connect') then
    execute format('grant connect on database %I to ${APPLICATION_ROLE}', current_database());
  end if;
end
$do$`;

const userSchemas = () => statement(`select n.nspname::text from pg_catalog.pg_namespace as n where ${USER_SCHEMA}`);

/** Where roles are not carried, and policies are for them. */
export async function makeRolesAtTarget({ source, target }: Embedded, database: string): Promise<void> {
  const names = await namesFrom(source.superuser(database), rolesOfDump());
  if (target)
    await asSuperuser(
      target.superuser(),
      names.map(([name = '']) => createRole(name)),
    );
}

/** @returns what was done, for the user to know */
export async function actAsOperator({ source, target, carried = false }: Embedded, database: string): Promise<string[]> {
  const from = source.superuser(database);
  const keys = keysTo({ source, target, carried });
  for (const [role = ''] of await namesFrom(from, rolesOfDump())) await keys.createRole(role);
  await asSuperuser(from, [letIntoDatabase()]);
  const master = target && !carried && (await namesFrom(from, policiesForMaster())).length > 0;
  if (master) await asSuperuser(target.superuser(), [createRole(SOURCE_ROLE)]);
  return [
    ...(master ? [`role ${SOURCE_ROLE}: made on the target as well, since policies are for it`] : []),
    ...(target ? await enableExtensions(from, target.superuser(database)) : []),
    ...(await giveAway(from)),
  ];
}

/** In PlanetScale's dashboard, since they are not trusted (https://planetscale.com/docs/postgres/extensions). */
async function enableExtensions(source: ConnectionSettings, target: ConnectionSettings): Promise<string[]> {
  const closed = new Set((await namesFrom(target, untrustedExtensions())).flat());
  const wanted = (await namesFrom(source, extensionsThere())).filter(([name = '']) => closed.has(name));
  for (const [name = '', schema = ''] of wanted) {
    await asSuperuser(target, [
      `create schema if not exists ${identifier(schema)} authorization ${TARGET_ROLES.default}`,
      `create extension if not exists ${identifier(name)} schema ${identifier(schema)} cascade`,
    ]);
  }
  return wanted.map(([name]) => `extension ${name}: installed on the target by its superuser, as you enable it in PlanetScale's dashboard`);
}

/** Where the master user itself owns a table with policies, the role that replicates can never pass them by. */
async function giveAway(source: ConnectionSettings): Promise<string[]> {
  const tables = await namesFrom(source, protectedTables());
  if (tables.length === 0) return [];
  const schemas = (await namesFrom(source, userSchemas())).map(([schema = '']) => identifier(schema));
  await asSuperuser(source, [
    createRole(OWNER_ROLE),
    `grant ${OWNER_ROLE} to ${SOURCE_ROLE} with admin option`,
    ...schemas.map((schema) => `grant usage on schema ${schema} to ${OWNER_ROLE}`),
    ...tables.map(([table]) => `alter table ${table} owner to ${OWNER_ROLE}`),
  ]);
  const names = tables.map(([table]) => table).join(', ');
  return [`${names}: given to a role of its own, ${OWNER_ROLE}, since a role that replicates passes by the policies of another owner only`];
}
