/** How both databases print and read money. The stream does not depend on it, the application does. */
import { monetaryLocale, moneyColumns } from '../../postgres/money.sql.ts';
import { identifier, literal } from '../../postgres/quote.ts';
import { warning } from '../finding.ts';
import type { ReadinessCheck } from './context.ts';

/** C and POSIX are one, and libc writes the same encoding as `UTF-8`, `utf8` and so on. */
const formOf = (locale: string): string => (/^(C|POSIX)([.]|$)/i.test(locale) ? 'c' : locale.toLowerCase().replace(/[^a-z0-9@_.]/g, ''));

export const money: ReadinessCheck = {
  name: 'money',
  async find({ source, target, input }) {
    const columns = await source.query(moneyColumns(input));
    if (columns.length === 0) return [];
    const [ours] = await source.query(monetaryLocale());
    const [theirs] = await target.query(monetaryLocale());
    if (!ours?.locale || !theirs?.locale) return []; // reported by the Preflight that came before the stream
    const statement = `alter database ${identifier(target.endpoint.database)} set lc_monetary = ${literal(ours.locale).trim()};`;
    return warning({
      code: 'MoneyPrintsDifferently',
      objects: formOf(ours.locale) === formOf(theirs.locale) ? [] : columns.map(({ object }) => object),
      message:
        `The source prints and reads money by the locale ${ours.locale}, the target by ${theirs.locale}. The amounts arrive unchanged, to the last cent; but ` +
        'the application would see them, and write them, by the other one: with another sign, another decimal point, or, where the number of ' +
        'decimals differs, a hundredfold.',
      remedy:
        `Run on the target: ${statement} If it has no such locale, take one with the same decimals, or change the columns to numeric before the ` +
        'migration. While a side receives a stream, the role of the migration there prints money by the locale C.',
      statements: [statement],
    });
  },
};
