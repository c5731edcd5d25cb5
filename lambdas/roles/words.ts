/**
 * Names for what was carried, or could not be: the record of the copy keeps them, and a comparison finds by them what is no news. Names of
 * objects come in quotes from the server and are shown without needless ones.
 */
import { withoutNeedlessQuotes } from '../postgres/quoted-names.ts';
import type { ObjectAccess } from './access.sql.ts';

type Named = Pick<ObjectAccess, 'kind' | 'name' | 'column'>;

/** Such as `function shop.price(integer)`, or `column shop.orders.note`. */
export const objectInWords = ({ kind, name, column }: Named): string =>
  withoutNeedlessQuotes(`${kind}${name === '' ? '' : ` ${name}`}${column === null ? '' : `.${column}`}`);

export const ownerOf = (object: Named): string => `owner of ${objectInWords(object)}`;
export const grantsOn = (object: Named): string => `grants on ${objectInWords(object)}`;
/** @param schema quoted */
export const defaultsOf = (role: string, schema: string | null, objects: string): string =>
  `default privileges of ${role} on ${objects}${schema === null ? '' : ` in schema ${withoutNeedlessQuotes(schema)}`}`;
export const membershipOf = (member: string, role: string): string => `membership of ${member} in ${role}`;
/** @param role null for one of the database itself @param here whether it holds in this database alone */
export const settingOf = (role: string | null, here: boolean, name: string): string =>
  `setting ${name} of ${role === null ? 'the database' : `role ${role}${here ? ' in the database' : ''}`}`;
