/** How both databases encode and sort text. */

import { blocker, warning } from '../finding.ts';
import type { ReadinessCheck } from './context.ts';
import { dependentsOfCollations } from './dependents.sql.ts';
import { type CollationFacts, collationsThere, type DatabaseLocale, databaseLocale, usedCollations } from './locale.sql.ts';

const PROVIDERS = { c: 'libc', i: 'ICU', b: 'built in' } as const;
const localeOf = ({ provider, locale, collate, ctype }: DatabaseLocale): string =>
  provider === 'c' ? `libc, ${collate}, ${ctype}` : `${PROVIDERS[provider]}, ${locale ?? 'unknown'}`;

export const locale: ReadinessCheck = {
  name: 'encodings and locales',
  async find({ source, target }) {
    const [ours] = await source.query(databaseLocale());
    const [theirs] = await target.query(databaseLocale());
    if (!ours || !theirs) throw new Error('a database does not show its locale');
    const versions = ours.version !== null && theirs.version !== null && localeOf(ours) === localeOf(theirs);
    return [
      ...blocker({
        code: 'EncodingDiffers',
        objects: ours.encoding === theirs.encoding ? [] : [`${ours.encoding} to ${theirs.encoding}`],
        message: 'The databases store text in different encodings, so some text may not arrive, or not unchanged.',
        remedy: 'Create the target database with the encoding of the source.',
      }),
      ...warning({
        code: 'LocaleDiffers',
        objects: localeOf(ours) === localeOf(theirs) ? [] : [`${localeOf(ours)} to ${localeOf(theirs)}`],
        message:
          'The databases sort and classify text by different locales. Indexes are built anew, but ORDER BY and upper() may answer differently.',
        remedy: 'Create the target database with the locale of the source, or check the queries whose order matters.',
      }),
      ...warning({
        code: 'CollationVersionDiffers',
        objects: versions && ours.version !== theirs.version ? [`${ours.version} to ${theirs.version}`] : [],
        message:
          'The same locale comes in different versions, which may sort some text differently. Indexes are built anew, so they are right.',
        remedy: 'ReadinessCheck the queries whose order matters.',
      }),
    ];
  },
};

/** libc writes the same encoding as `UTF-8`, `utf8` and so on. */
const spelling = (name: string | null): string => (name ?? '').toLowerCase().replace(/[^a-z0-9@_.]/g, '');

/** The server's own must be there by name; one that the user defined is created again if its locale is known. */
function isThere(used: CollationFacts, there: readonly CollationFacts[]): boolean {
  if (used.isSystem) return there.some(({ name }) => name === used.name);
  if (used.provider === 'i') return there.some(({ provider }) => provider === 'i'); // ICU takes any locale where it is built in
  return ['c', 'posix'].includes(spelling(used.locale)) || there.some(({ locale: known }) => spelling(known) === spelling(used.locale));
}

export const collations: ReadinessCheck = {
  name: 'collations',
  async find({ source, target, input }) {
    const used = await source.query(usedCollations());
    if (used.length === 0) return [];
    const there = await target.query(collationsThere());
    const missing = used.filter((collation) => !isThere(collation, there)).map(({ name }) => name);
    const users = await source.query(dependentsOfCollations(input, missing));
    const older = used.flatMap(({ name, version }) => {
      const other = there.find((collation) => collation.name === name)?.version ?? null;
      return version === null || other === null || version === other ? [] : [`${name} ${version} to ${other}`];
    });
    return [
      ...blocker({
        code: 'CollationMissing',
        objects: users.map(({ on, object }) => `${on}: ${object}`),
        message: 'The target lacks these collations, listed with what uses them.',
        remedy: 'Use a collation that both sides have (an ICU collation such as "de-x-icu" is the safest), or exclude what uses them.',
      }),
      ...warning({
        code: 'CollationVersionDiffers',
        objects: older,
        message: 'These collations come in another version on the target, which may sort some text differently.',
        remedy: 'ReadinessCheck the queries whose order matters.',
      }),
    ];
  },
};
