/**
 * Effects of a gate that is not open on its database, as pieces of a block in which `gate` is the row, locked, and `base` the database:
 * transactions are read-only by default, and every role but ours loses CONNECT, whichever role granted it.
 *
 * An owner revokes with `cascade` what it granted, and with that what holders of the grant option passed on: every grant of CONNECT goes
 * back to the owner, so taking back the owner's takes back all. A role whose rights we inherit loses its grant too, which is why we and the
 * replication role are granted CONNECT directly for the time. Each entry of the access list is kept in `connect_taken` as one JSON object.
 */
import { REPLICATION_ROLE } from '../config/names.ts';
import { OWN_TABLES } from './tables.ts';

const { table: TABLE } = OWN_TABLES.gate;

/** Rows of gates that were shut by earlier versions hold names in place of objects; this follows the name of a role there. */
const GRANTABLE = ' with grant option';

/**
 * Begins a block in which `gate` is the row, locked, and `base` the database.
 * @param lockTimeout until the transaction ends; the session's own unless given
 */
export const LOCK_GATE = (lockTimeout?: string): string => `
declare
  gate ${TABLE}%rowtype;
  base pg_catalog.pg_database%rowtype;
  grantee text;
  one record;
  who jsonb;
  kept jsonb;
  names text[];
  option text;
  waiting jsonb[];
  later jsonb[];
  stuck boolean := false;
  role_before text := current_setting('role');
begin${lockTimeout === undefined ? '' : `\n  perform set_config('lock_timeout', '${lockTimeout}', true);`}
  select * into strict gate from ${TABLE} for update;
  select * into strict base from pg_catalog.pg_database where datname = current_database();`;

/** Entries that let a role connect, of a database `base`. */
const CONNECTS = `from pg_catalog.pg_database as d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) as a
    where d.oid = base.oid and a.privilege_type = 'CONNECT'`;

/** A role as it is kept: the owner by being the owner, which follows the database to another one; any other role by number and name. */
const kept = (role: string): string => `case when ${role} = 0 then jsonb_build_object('public', true)
        when ${role} = d.datdba then jsonb_build_object('owner', true)
        else jsonb_build_object('oid', ${role}::bigint, 'name', pg_get_userbyid(${role})) end`;

/**
 * Sets `grantee` to the role that was kept in `who`, as SQL writes it: under its present name if it was renamed, or the role that took its name
 * if it is gone; null where neither is there. Only a role that is neither PUBLIC nor the owner is looked up.
 */
const FIND = `
      if who ? 'public' then
        grantee := 'public';
      elsif who ? 'owner' then
        grantee := quote_ident(pg_get_userbyid(base.datdba));
      else
        select quote_ident(r.rolname) into grantee from pg_catalog.pg_roles as r
        where r.oid = (who ->> 'oid')::oid or r.rolname = who ->> 'name'
        order by r.oid = (who ->> 'oid')::oid desc nulls last limit 1;
      end if;`;

/**
 * Takes writing and CONNECT away from every role but ours and the replication role, and records what was there before. In a loop: what
 * another session granted before our first change of the access list may be seen only by the next look; from then on the list is locked.
 */
export const SHUT = `
  update ${TABLE} set read_only_before = (
    select substr(entry, length('default_transaction_read_only=') + 1)
    from pg_catalog.pg_db_role_setting as s
    join pg_catalog.pg_database as d on d.oid = s.setdatabase and d.datname = current_database(),
    unnest(s.setconfig) as entry
    where s.setrole = 0 and starts_with(entry, 'default_transaction_read_only='))
  where only_row;
  execute format('alter database %I set default_transaction_read_only = on', current_database());
  for round in 1..5 loop
    select string_agg(distinct case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end, ', ') into grantee
    ${CONNECTS};
    exit when grantee is null;
    update ${TABLE} set connect_taken = connect_taken || array(
      select jsonb_build_object('grantee', ${kept('a.grantee')}, 'grantor', ${kept('a.grantor')}, 'grantable', a.is_grantable)::text
      ${CONNECTS})
    where only_row;
    execute format('revoke connect on database %I from %s cascade', current_database(), grantee);
  end loop;
  if grantee is not null then
    raise exception 'CONNECT on this database could not be taken back from %', grantee using errcode = 'insufficient_privilege';
  end if;
  for one in
    select r.oid, r.rolname from pg_catalog.pg_roles as r
    where r.rolname in (current_user, '${REPLICATION_ROLE}') and not has_database_privilege(r.oid, base.oid, 'connect')
  loop
    execute format('grant connect on database %I to %I', current_database(), one.rolname);
    update ${TABLE}
      set connect_given = connect_given || jsonb_build_object('oid', one.oid::bigint, 'name', one.rolname)::text
      where only_row;
  end loop;`;

/** Grants as earlier versions kept them: names, in place of objects. */
const UNSHUT_NAMES = `
  foreach grantee in array gate.connect_taken loop
    if not starts_with(grantee, '{') and (grantee = 'public' or to_regrole(regexp_replace(grantee, '${GRANTABLE}$', '')) is not null) then
      execute format('grant connect on database %I to %s', current_database(), grantee);
    end if;
  end loop;`;

/**
 * One entry, as its grantor; as the owner where this server does not let us be that role, which gives the same rights. A grant
 * by a role that has the owner's rights is made as the owner anyway.
 */
const REGRANT = `
      begin
        execute format('set local role %s', names[2]);
        execute format('grant connect on database %I to %s%s', current_database(), names[1], option);
        perform set_config('role', role_before, true);
      exception when insufficient_privilege then
        execute format('grant connect on database %I to %s%s', current_database(), names[1], option);
      end;`;

/**
 * Puts back what {@link SHUT} took, as far as its roles still exist: what was given for the time goes first, then what the owner had granted
 * comes back, then what others had passed on, each once its grantor may pass it on again. What is left has lost its grantor, and comes back
 * from the owner.
 */
export const UNSHUT = `
  if gate.read_only_before is null then
    execute format('alter database %I reset default_transaction_read_only', current_database());
  else
    execute format('alter database %I set default_transaction_read_only = %L', current_database(), gate.read_only_before);
  end if;
  foreach grantee in array gate.connect_given loop
    who := case when starts_with(grantee, '{') then grantee::jsonb else jsonb_build_object('name', grantee) end;${FIND}
    if grantee is not null then
      execute format('revoke connect on database %I from %s cascade', current_database(), grantee);
    end if;
  end loop;${UNSHUT_NAMES}
  waiting := array(select entry::jsonb from unnest(gate.connect_taken) as entry where starts_with(entry, '{'));
  while cardinality(waiting) > 0 loop
    later := '{}';
    foreach kept in array waiting loop
      names := '{}';
      foreach who in array array[kept -> 'grantee', kept -> 'grantor'] loop${FIND}
        names := array_append(names, grantee);
      end loop;
      option := case when (kept ->> 'grantable')::boolean then ' with grant option' else '' end;
      continue when names[1] is null;
      if stuck or names[2] is null or kept -> 'grantor' ? 'owner' then
        execute format('grant connect on database %I to %s%s', current_database(), names[1], option);
      elsif exists (select ${CONNECTS} and a.is_grantable and quote_ident(pg_get_userbyid(a.grantee)) = names[2]) then${REGRANT}
      else
        later := later || kept;
      end if;
    end loop;
    stuck := cardinality(later) = cardinality(waiting);
    waiting := later;
  end loop;
  update ${TABLE} set state = 'open', deadline = null, read_only_before = null, connect_taken = '{}', connect_given = '{}',
    changed_at = clock_timestamp()
  where only_row;`;
