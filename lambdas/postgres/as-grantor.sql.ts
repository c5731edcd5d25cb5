/**
 * GRANT and REVOKE on objects of others. A member of an owner grants in the name of whichever of its roles has the grant option, and which of them the
 * server picks is not ours to say (`select_best_grantor` in utils/adt/acl.c); a REVOKE in another name takes nothing back, and says nothing. So each is
 * run as the very role in whose name it is meant, as far as we may act as that one.
 */
import type { Statement } from '../ports/database.ts';
import { MAY_ACT_AS } from './acting-role.sql.ts';
import { literal, statement } from './quote.ts';

/**
 * Block that runs commands in a transaction.
 * @param commands query of (command, grantor): a statement, and the oid of the role in whose name it is to be run. Where we may not act as that role, or
 * it may not find the object, the command is run as ourselves.
 */
export const runAsGrantors = (commands: string): Statement =>
  statement(`
do ${literal(`
declare
  one record;
  role_before text := current_setting('role');
begin
  for one in
    select w.command, case when r.rolname <> current_user then r.rolname end as name
    from (${commands}) as w (command, grantor)
    left join pg_roles as r on r.oid = w.grantor and not r.rolsuper and ${MAY_ACT_AS}
  loop
    begin
      if one.name is not null then
        perform set_config('role', one.name, true);
      end if;
      execute one.command;
      perform set_config('role', role_before, true);
    exception when insufficient_privilege then
      if one.name is null then raise; end if;
      execute one.command;
    end;
  end loop;
end
`)}
`);
