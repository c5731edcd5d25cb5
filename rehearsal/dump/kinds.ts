/** Kinds of statements, by how they are taken where the server refuses them. */

const kind =
  (...beginnings: readonly string[]) =>
  (text: string): boolean => {
    const pattern = new RegExp(`^(?:${beginnings.join('|').replaceAll(' ', '\\s+')})\\b`, 'i');
    return pattern.test(text);
  };

export const isExtension = kind('create extension');
export const isDrop = kind('drop', 'alter table [\\s\\S]* drop constraint');
/** Statements about roles. No role has the attributes of superusers on Aurora. */
export const isAboutRoles = (text: string): boolean =>
  kind('(?:create|alter|drop) (?:role|user|group)')(text) && !/^\w+\s+user\s+mapping/i.test(text);
/** A parameter of a superuser, or of an application, was set by the platform for a role. For ALL roles Aurora sets none. */
export const isSettingOfRole = (text: string): boolean =>
  /^alter\s+(?:role|user)\s+(?!all\b)("(?:[^"]|"")+"|\S+)\s+(?:in\s+database\s+("(?:[^"]|"")+"|\S+)\s+)?(?:set|reset)\b/i.test(text);
/** Statements about grants and owners. */
export const isAboutRights = kind(
  'grant',
  'revoke',
  'alter default privileges',
  'alter [\\s\\S]* owner to',
  'reassign owned',
  'drop owned',
);
export const isTransaction = kind('begin', 'start transaction', 'commit', 'end', 'rollback', 'abort', 'savepoint', 'release');
/** The format of money and numbers, unlike the language of messages, is a matter of the data. */
const setsLocale = kind('set (?:session |local )?lc_(?:monetary|numeric|time)');

/** Statements without which a database is complete: a statement that needs one of these fails by itself. */
const mayBeMissing = kind(
  ...[
    'set',
    'reset',
    'security label',
    'load',
    'comment on',
    'import foreign schema',
    'create (?:or replace )?(?:trusted )?(?:procedural )?language',
  ],
  ...['(?:create|alter) (?:server|user mapping|foreign|event trigger|extension|access method|(?:procedural )?language)'],
);
export const mayBeMissed = (text: string): boolean => mayBeMissing(text) && !setsLocale(text);

/** Statements that fill a database, rather than prepare for it. */
const fills = kind('create', 'insert', 'alter', 'do', 'copy', 'with');
const prepares = kind('create database', 'alter database', 'create (?:extension|tablespace)');
export const isContent = (text: string): boolean => fills(text) && !prepares(text) && !isAboutRoles(text) && !isAboutRights(text);

/** Reads files of the server, which the server's superuser could: on the machine of a rehearsal that is never intended. */
export const isServerCopy = (text: string): boolean => /^copy\b/i.test(text) && !/\b(from\s+stdin|to\s+stdout)\b/i.test(text);

const LONGEST_HEADING = 80;
/** The beginning of a statement, for messages. */
export const heading = (text: string): string =>
  `${text.slice(0, LONGEST_HEADING).replaceAll(/\s+/g, ' ')}${text.length > LONGEST_HEADING ? '…' : ''}`;
