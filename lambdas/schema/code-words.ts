/** Whether two servers of different versions have the same, although they print it otherwise. Pure. */
import { sayTheSame } from './canonical.ts';
import type { CodeText } from './code-objects.sql.ts';

const PATH = 'search_path';

/** `name=value`, but for a path that only the target was given, because code leans on it there. */
function settingsOf(one: CodeText | undefined, other: CodeText | undefined): string {
  const names = one?.words.split(', ') ?? [];
  const isExtra = names.includes(PATH) && !(other?.words.split(', ') ?? []).includes(PATH);
  return isExtra ? names.filter((name) => name !== PATH).join(', ') : `${one?.words ?? ''} ${one?.body ?? ''}`;
}

/** A right that 17 has brought, and that `grant all` gives there (https://www.postgresql.org/docs/release/17.0/). */
const SINCE_17 = /^maintain to /;
const grantsIn = (words: string): string =>
  words
    .split(', ')
    .filter((grant) => !SINCE_17.test(grant))
    .join(', ');

/** @param here the source's, undefined where it has none */
export function isAlike(object: string, here: CodeText | undefined, there: CodeText | undefined): boolean {
  if (object.startsWith('settings of ')) return settingsOf(here, there).trim() === settingsOf(there, here).trim();
  if (!here || !there) return here === there;
  if (object.startsWith('grants on ')) return grantsIn(here.words) === grantsIn(there.words);
  if (here.words !== there.words) return false;
  return here.body === there.body || (here.body !== null && there.body !== null && sayTheSame(here.body, there.body));
}
