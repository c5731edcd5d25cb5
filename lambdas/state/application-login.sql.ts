/**
 * The role with which the application logs in on the target from the switch on, with a password of ours. Only there where the migration has
 * made such a login; in its absence the application gets the login of the target secret, or one that it was given.
 */
import type { Statement } from '../ports/database.ts';
import { bound, statement } from '../postgres/quote.ts';
import { closed } from './closed.sql.ts';
import { tableExists } from './exists.sql.ts';
import { OWN_TABLES } from './tables.ts';

const { name: NAME, table: TABLE } = OWN_TABLES.applicationLogin;

export interface RecordedLogin {
  /** Its name on the target, as the server knows it. */
  readonly role: string;
  /** The user with which the application logs in on the source. */
  readonly onSource: string;
  /** Whether the role itself was made for the application: it is then no role of the source. */
  readonly made: boolean;
}

export const createApplicationLogin = (): Statement =>
  closed(NAME, `create table if not exists ${TABLE} (on_source text primary key, role text not null, made boolean not null)`);

export const applicationLoginExists = () => tableExists(OWN_TABLES.applicationLogin);

/** To be asked only where {@link applicationLoginExists}. */
export const applicationLogins = (): Statement<RecordedLogin> =>
  statement(`select role, on_source as "onSource", made from ${TABLE} order by on_source`);

export const recordApplicationLogin = ({ role, onSource, made }: RecordedLogin): Statement =>
  bound([onSource, role, made])(`
insert into ${TABLE} (on_source, role, made) values ($1::text, $2::text, $3::boolean)
on conflict (on_source) do update set role = excluded.role, made = excluded.made
`);
