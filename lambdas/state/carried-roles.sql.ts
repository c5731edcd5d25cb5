/**
 * The roles of the source that stand on the target: what each is called there, and what we have to take back. Only there where owners and
 * grants were carried; its absence means that everything belongs to the role that made the copy.
 */
import type { Statement } from '../ports/database.ts';
import { bound, statement } from '../postgres/quote.ts';
import { closed } from './closed.sql.ts';
import { tableExists } from './exists.sql.ts';
import { OWN_TABLES } from './tables.ts';

const { name: NAME, table: TABLE } = OWN_TABLES.carriedRoles;

/** A role of the source, as it stands on the target. */
export interface CarriedRole {
  /** Its name on the target. */
  readonly name: string;
  readonly onSource: string;
  /** Whether we made it, without login; false where it was there already, and is used as it is. */
  readonly made: boolean;
  /** Whether our role was made a member of it, to act for it until Cleanup takes that back. */
  readonly joined: boolean;
}

export const createCarriedRoles = (): Statement =>
  closed(
    NAME,
    `create table if not exists ${TABLE} (name text primary key, on_source text not null, made boolean not null,
  joined boolean not null default false)`,
  );

export const carriedRolesExist = () => tableExists(OWN_TABLES.carriedRoles);

/** To be asked only where {@link carriedRolesExist}. */
export const carriedRoles = (): Statement<CarriedRole> =>
  statement(`select name, on_source as "onSource", made, joined from ${TABLE} order by name`);

export const recordCarriedRoles = (roles: readonly CarriedRole[]): Statement =>
  bound([JSON.stringify(roles)])(`
insert into ${TABLE} as there (name, on_source, made, joined)
select r.name, r."onSource", r.made, r.joined
from jsonb_to_recordset($1::jsonb) as r (name text, "onSource" text, made boolean, joined boolean)
on conflict (name) do update set joined = there.joined or excluded.joined
`);
