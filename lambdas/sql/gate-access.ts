/**
 * What a gate that is not open does to its database, as pieces of a block in which `gate` is the row, locked, and `own` our role:
 * transactions are read-only by default, and every role but ours loses CONNECT.
 */
import { REPLICATION_ROLE, SCHEMA } from '../names.ts';
import { qualified } from './quote.ts';

const NAME = 'gate';
/** The table of one row that holds the gate of a side; see `gates.ts`. */
export const GATE = { name: NAME, table: qualified(SCHEMA, NAME) };

/** Follows the name of a role, which is quoted where it holds a space, so nothing else can look like it. */
const GRANTABLE = ' with grant option';

/**
 * Begins a block in which `gate` is the row, locked, and `own` our role.
 * @param lockTimeout until the transaction ends; the session's own unless told
 */
export const LOCK_GATE = (lockTimeout?: string): string => `
declare
  gate ${GATE.table}%rowtype;
  own pg_catalog.pg_roles%rowtype;
  grantee text;
  grantable boolean;
begin${lockTimeout === undefined ? '' : `\n  perform set_config('lock_timeout', '${lockTimeout}', true);`}
  select * into strict gate from ${GATE.table} for update;
  select * into strict own from pg_catalog.pg_roles where rolname = current_user;`;

/** Takes writing and CONNECT away from everybody but us and the replication role, and writes down what was there before. */
export const SHUT = `
  update ${GATE.table} set read_only_before = (
    select substr(entry, length('default_transaction_read_only=') + 1)
    from pg_catalog.pg_db_role_setting as s
    join pg_catalog.pg_database as d on d.oid = s.setdatabase and d.datname = current_database(),
    unnest(s.setconfig) as entry
    where s.setrole = 0 and starts_with(entry, 'default_transaction_read_only='));
  execute format('alter database %I set default_transaction_read_only = on', current_database());
  for grantee, grantable in
    select case when a.grantee = 0 then 'public' else a.grantee::regrole::text end, bool_or(a.is_grantable)
    from pg_catalog.pg_database as d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) as a
    where d.datname = current_database() and a.privilege_type = 'CONNECT' and a.grantee is distinct from to_regrole('${REPLICATION_ROLE}')
      and (a.grantee = 0 or (a.grantee <> own.oid and (own.rolsuper or not pg_has_role(own.oid, a.grantee, 'usage'))))
    group by a.grantee
  loop
    execute format('revoke connect on database %I from %s cascade', current_database(), grantee);
    update ${GATE.table} set connect_taken = connect_taken || (grantee || case when grantable then '${GRANTABLE}' else '' end);
  end loop;
  for grantee in
    select rolname from pg_catalog.pg_roles
    where rolname in (current_user, '${REPLICATION_ROLE}') and not has_database_privilege(oid, current_database(), 'connect')
  loop
    execute format('grant connect on database %I to %I', current_database(), grantee);
    update ${GATE.table} set connect_given = connect_given || grantee;
  end loop;`;

/** Puts back what {@link SHUT} took, as far as its roles still exist. */
export const UNSHUT = `
  if gate.read_only_before is null then
    execute format('alter database %I reset default_transaction_read_only', current_database());
  else
    execute format('alter database %I set default_transaction_read_only = %L', current_database(), gate.read_only_before);
  end if;
  foreach grantee in array gate.connect_taken loop
    if grantee = 'public' or to_regrole(regexp_replace(grantee, '${GRANTABLE}$', '')) is not null then
      execute format('grant connect on database %I to %s', current_database(), grantee);
    end if;
  end loop;
  foreach grantee in array gate.connect_given loop
    if to_regrole(quote_ident(grantee)) is not null then
      execute format('revoke connect on database %I from %I', current_database(), grantee);
    end if;
  end loop;
  update ${GATE.table} set state = 'open', deadline = null, read_only_before = null, connect_taken = '{}', connect_given = '{}',
    changed_at = clock_timestamp();`;
