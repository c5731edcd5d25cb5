/** Changes to statements that do not belong into the database under rehearsal as they are. */
import { identifier } from '../../lambdas/postgres/quote.ts';

const NAME = '("(?:[^"]|"")+"|[\\w$\\u0080-\\uffff]+)';
const matching = (pattern: string): RegExp => new RegExp(pattern.replaceAll('NAME', NAME).replaceAll(' ', '\\s+'), 'is');

/** They name the database by the name that it has elsewhere. Group 1 is before the name, and the last after it. */
const OF_THE_DATABASE = [
  matching('^(alter database )NAME( (?:set|reset) .*)$'),
  matching('^(alter (?:role|user) NAME in database )NAME( .*)$'),
  matching('^((?:grant|revoke) [^;]* on database )NAME( (?:to|from) .*)$'),
];

/** @returns the statement about the database of this name; undefined where it is not about a database */
export function aboutDatabase(text: string, database: string): string | undefined {
  for (const pattern of OF_THE_DATABASE) {
    const parts = pattern.exec(text);
    if (parts) return `${parts[1]}${identifier(database)}${parts.at(-1)}`;
  }
  return undefined;
}

/** A server has these once, or the rehearsal decides them; roles of the dump do not log in here. */
const PASSED_OVER = [
  matching('^(?:create|drop|comment on) (?:database|tablespace)\\b'),
  matching('^alter (?:database|tablespace|system)\\b'),
  matching('^(?:create|alter|drop|comment on) (?:publication|subscription)\\b'),
  matching('^(?:set|reset) (?:local |session )?(?:role|session authorization)\\b'),
];

/** Nothing is lost with these: the database is there, and so is its comment elsewhere. */
const NOT_WORTH_A_WORD = matching('^(?:create database|drop database|comment on database|alter database NAME owner)\\b');

export const isPassedOver = (text: string): boolean => PASSED_OVER.some((pattern) => pattern.test(text));
export const isWorthAWord = (text: string): boolean => !NOT_WORTH_A_WORD.test(text);

const TABLESPACE = new RegExp(`(?:\\s+using\\s+index)?\\s+tablespace\\s+${NAME}`, 'gi');

/** Without the clauses that say where on the disks a table or an index lies. */
export const withoutTablespace = (text: string): string => text.replaceAll(TABLESPACE, '');

/** Without a right that newer versions have, such as MAINTAIN in the list that pg_dump writes; undefined where nothing else is granted. */
export function withoutPrivilege(text: string, privilege: string): string | undefined {
  const word = new RegExp(`(?:,\\s*\\b${privilege}\\b|\\b${privilege}\\b\\s*,)`, 'i');
  return word.test(text) ? text.replace(word, '') : undefined;
}

const WHO_AND_HOW = matching(' with (?:(?:admin|inherit|set) (?:true|false|option),? )*granted by NAME$');

/** A membership as every version knows it, without who granted it and how it is inherited; undefined where there is nothing to leave out. */
export function plainMembership(text: string): string | undefined {
  const isMembership = /^grant\s(?![\s\S]*\son\s)/i.test(text);
  const plain = text.replace(WHO_AND_HOW, '').replace(matching(' granted by NAME$'), '');
  return isMembership && plain !== text ? plain : undefined;
}

const ENCODING = /^set\s+(?:session\s+|local\s+)?(?:client_encoding\s*(?:=|\sto\s)\s*|names\s+)'?([\w-]+)'?$/i;

/** The encoding that a statement asks for. */
export const encodingIn = (text: string): string | undefined => ENCODING.exec(text)?.[1];
