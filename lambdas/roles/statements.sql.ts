/** Statements that give an object its owner and its grants. Names of objects come from `pg_identify_object`, quoted. */
import { identifier } from '../postgres/quote.ts';
import type { Grant, ObjectAccess } from './access.sql.ts';

/** What ALTER calls a kind of objects, where it is not the kind's own name. */
const ALTERED: Readonly<Record<string, string>> = {
  function: 'routine',
  procedure: 'routine',
  aggregate: 'routine',
  'statistics object': 'statistics',
  'foreign-data wrapper': 'foreign data wrapper',
};
/** What GRANT calls a kind of objects, of those that have grants. */
const GRANTED_ON: Readonly<Record<string, string>> = {
  ...{ table: 'table', view: 'table', 'materialized view': 'table', 'foreign table': 'table', column: 'table', sequence: 'sequence' },
  ...{ function: 'routine', procedure: 'routine', aggregate: 'routine', type: 'type', schema: 'schema', language: 'language' },
  ...{ server: 'foreign server', 'foreign-data wrapper': 'foreign data wrapper', database: 'database' },
};

type Named = Pick<ObjectAccess, 'kind' | 'name' | 'column'>;

const grantee = (to: string | null): string => (to === null ? 'public' : identifier(to));

export const setOwner = ({ kind, name }: Named, owner: string): string =>
  `alter ${ALTERED[kind] ?? kind} ${name} owner to ${identifier(owner)}`;

/** @param objects of kinds that GRANT calls by the same word; columns one by one */
export const grantOn = (objects: readonly Named[], rights: readonly string[], { to, grantable }: Pick<Grant, 'to' | 'grantable'>): string =>
  `grant ${rightsOn(objects, rights)} to ${grantee(to)}${grantable ? ' with grant option' : ''}`;

/** With everything that was passed on by it. @param optionOnly whether the right itself is kept */
export const revokeOn = (objects: readonly Named[], rights: readonly string[], from: string | null, optionOnly = false): string =>
  `revoke ${optionOnly ? 'grant option for ' : ''}${rightsOn(objects, rights)} from ${grantee(from)} cascade`;

/** The word that GRANT has for the kind of an object; objects that share it may share a statement. */
export const grantWord = ({ kind }: Named): string => GRANTED_ON[kind] ?? kind;

function rightsOn(objects: readonly Named[], rights: readonly string[]): string {
  const [first] = objects;
  const list = rights.map((right) => (first?.column ? `${right} (${first.column})` : right)).join(', ');
  return `${list} on ${first ? grantWord(first) : ''} ${objects.map(({ name }) => name).join(', ')}`;
}

/** For objects that `owner` will make. */
export const grantDefault = (
  { owner, schema, objects }: ObjectAccess,
  { to, may, grantable }: Pick<Grant, 'to' | 'may' | 'grantable'>,
): string => `${defaultsOf(owner, schema)} grant ${may} on ${objects} to ${grantee(to)}${grantable ? ' with grant option' : ''}`;

export const revokeDefault = ({ owner, schema, objects }: ObjectAccess, { to, may }: Pick<Grant, 'to' | 'may'>): string =>
  `${defaultsOf(owner, schema)} revoke ${may} on ${objects} from ${grantee(to)}`;

const defaultsOf = (owner: string, schema: string | null): string =>
  `alter default privileges for role ${identifier(owner)}${schema === null ? '' : ` in schema ${schema}`}`;

/** A statement as another role, in a transaction, of which we are a member. */
export const actingAs = (role: string, text: string): string => `set local role ${identifier(role)};\n${text};\nset local role none`;

/** For as long as owners are set: the new one has to have it (`AlterObjectOwner_internal` in commands/alter.c). @param schema quoted */
export const letCreate = (schema: string, roles: readonly string[]): string =>
  `grant create on schema ${schema} to ${roles.map(identifier).join(', ')}`;

export const stopCreating = (schema: string, roles: readonly string[]): string =>
  `revoke create on schema ${schema} from ${roles.map(identifier).join(', ')}`;

/** Where PUBLIC loses CONNECT, for those that had it through PUBLIC. */
export const letConnect = (database: string, roles: readonly string[]): string =>
  `grant connect on database ${identifier(database)} to ${roles.map(identifier).join(', ')}`;
export const stopConnecting = (database: string, roles: readonly string[]): string =>
  `revoke connect on database ${identifier(database)} from ${roles.map(identifier).join(', ')}`;
