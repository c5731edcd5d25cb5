/**
 * The commands of psql (https://www.postgresql.org/docs/current/app-psql.html) that stand in dumps and in schema files written by hand.
 * Those that say nothing about the database are passed over; those that cannot be carried out here are refused rather than guessed.
 */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { identifier, literal } from '../../lambdas/postgres/quote.ts';
import { DumpRefused } from './refused.ts';

export interface Command {
  /** Without the backslash. */
  readonly name: string;
  /** The rest of its line. */
  readonly words: string;
}

/** Commands about printing, stopping at an error, and guarding a dump. */
const WITHOUT_EFFECT = new Set([
  ...[
    'restrict',
    'unrestrict',
    'echo',
    'qecho',
    'warn',
    'pset',
    'timing',
    'x',
    't',
    'a',
    'H',
    'f',
    'C',
    'T',
    'errverbose',
    'conninfo',
    'p',
  ],
  ...['unset', 'prompt', 'h', 'help', '?', 'copyright', 'w', '.', '!', 'r', 'reset'],
]);
/** `\d`, `\dt+` and so on only show. */
const SHOWS = /^(d[a-zA-Z]*[S+]*|l\+?|z|sf\+?|sv\+?)$/;

export const hasNoEffect = ({ name }: Command): boolean => WITHOUT_EFFECT.has(name) || SHOWS.test(name);

/** @param place such as `Line 7 of the dump` */
export const cannotDo = (place: string, { name }: Command): DumpRefused =>
  new DumpRefused(
    `${place} is a command of psql that cannot be carried out here: \\${name}. ` +
      'Run the file with psql into a database of its own, and give a dump of that: pg_dump --dbname=… --file=plain.sql',
  );

/** One command at the beginning of `text`, which begins with its backslash and ends with its line. */
export function commandAt(text: string): Command {
  const { name = '', words = '' } = /^\\(?<name>[A-Za-z_]+\+?|.)?[ \t]*(?<words>[^\n]*)/s.exec(text)?.groups ?? {};
  return { name, words: words.trim() };
}

/** The next argument as psql reads it: up to a space, or in quotes, which may be doubled inside. */
export function wordsIn(text: string): string[] {
  return [...text.matchAll(/'((?:[^']|'')*)'|"((?:[^"]|"")*)"|(\S+)/g)].map(
    ([, single, double, plain]) => single?.replaceAll("''", "'") ?? double?.replaceAll('""', '"') ?? plain ?? '',
  );
}

/** The database that `\connect` leads to; undefined where it is the same one. */
export function databaseIn({ words }: Command): string | undefined {
  const name = wordsIn(words.replace(/^-reuse-previous=\w+\s*/, ''))[0];
  if (name === undefined || name === '-') return undefined;
  const fromUrl = /^postgres(?:ql)?:\/\/[^/]*\/([^?]+)/.exec(name)?.[1];
  if (fromUrl !== undefined) return decodeURIComponent(fromUrl);
  const setting = /\bdbname\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S+))/.exec(name);
  return setting ? (setting[1]?.replaceAll(/\\(.)/g, '$1') ?? setting[2]) : name;
}

/** The file that `\i` or `\ir` names. psql looks for `\i` where it was started; beside the file that asks for it is looked as well. */
export function includedFile({ name, words }: Command, from: string): string {
  const path = wordsIn(words)[0] ?? '';
  const beside = resolve(dirname(from), path);
  const isRelative = name === 'ir' || name === 'include_relative';
  return isRelative || !existsSync(path) ? beside : resolve(path);
}

const COPY_FROM = /^(?<what>[\s\S]+?)\s+from\s+(?<from>'(?:[^']|'')*'|\S+)(?<options>[\s\S]*)$/i;

/** `\copy … from` as what the server is asked for, and the file with the data; undefined where the data is in the script itself. */
export function clientCopy({ words }: Command, from: string): { readonly text: string; readonly file: string | undefined } | undefined {
  const { what, from: named = '', options } = COPY_FROM.exec(words.replace(/;$/, ''))?.groups ?? {};
  if (what === undefined || /^(program|pstdin)$/i.test(named)) return undefined;
  const file = /^stdin$/i.test(named) ? undefined : includedFile({ name: 'ir', words: named }, from);
  return { text: `copy ${what} from stdin${options}`, file };
}

/** psql's variables, by what stands in a text for them: `:name`, `:'name'`, `:"name"`. */
export class Variables {
  readonly #values = new Map<string, string>();

  /** `\set name value…`; several values are put together. */
  set({ words }: Command): void {
    const [name, ...values] = wordsIn(words);
    if (name !== undefined) this.#values.set(name, values.join(''));
  }

  /** @returns what stands for the variable at the beginning of `text`, which begins with a colon, and how long its name is written */
  at(text: string): { readonly value: string; readonly length: number } | undefined {
    const [written, single, double, plain] = /^:(?:'(\w+)'|"(\w+)"|(\w+))/.exec(text) ?? [];
    const value = this.#values.get(single ?? double ?? plain ?? '');
    if (written === undefined || value === undefined) return undefined;
    const quoted = single !== undefined ? literal(value).trim() : double !== undefined ? identifier(value) : value;
    return { value: quoted, length: written.length };
  }
}
