/** Collations of the same name that sort differently, and what depends on their order. Indexes are built anew, so they are right in any case. */

import { blocker, type Finding, warning } from '../finding.ts';
import { ordersOtherwise } from './collation-order/trial.ts';
import { awkwardWords } from './collation-order/words.ts';
import { DEFAULT_COLLATION, type OrderDependent, orderDependents, ranks } from './collation-order.sql.ts';
import type { CheckContext, ReadinessCheck } from './context.ts';
import { type CollationFacts, collationsThere, databaseLocale, usedCollations } from './locale.sql.ts';

const titleOf = (collation: string): string => (collation === DEFAULT_COLLATION ? "the database's own" : collation);

/** The collation that a column will have on the target: of the same name, or as a user-defined one will be created there. */
function likeOn(there: readonly CollationFacts[], { name, provider, locale, isDeterministic }: CollationFacts): string | undefined {
  const same = there.find((other) => other.name === name);
  const made = there.find(
    (other) => other.isSystem && other.provider === provider && other.locale === locale && other.isDeterministic === isDeterministic,
  );
  return (same ?? made)?.name;
}

interface Compared {
  /** Collations that sort some of our strings differently, with their counterpart on the target. */
  readonly otherwise: ReadonlyMap<string, string>;
  /** Collations under which other strings are equal. */
  readonly equalOtherwise: readonly string[];
  /** Collations without a counterpart on the target yet. */
  readonly untried: readonly string[];
}

async function compare({ source, target }: CheckContext): Promise<Compared> {
  const [[locale], used, there] = [
    await source.query(databaseLocale()),
    await source.query(usedCollations()),
    await target.query(collationsThere()),
  ];
  const likes = used.map((collation) => [collation.name, likeOn(there, collation)] as const);
  const tried = [
    [DEFAULT_COLLATION, DEFAULT_COLLATION] as const,
    ...likes.filter((like): like is [string, string] => like[1] !== undefined),
  ];
  const words = awkwardWords(locale?.encoding ?? '');
  const ask = async (reader: CheckContext['source'], names: readonly string[]) => (await reader.query(ranks(names, words)))[0]?.ranks ?? [];
  const here = await ask(
    source,
    tried.map(([name]) => name),
  );
  const beyond = await ask(
    target,
    tried.map(([, name]) => name),
  );
  const otherwise = tried.filter((_, at) => here[at]?.some((rank, word) => rank !== beyond[at]?.[word]));
  const tiesIn = (all: readonly number[] | undefined) => JSON.stringify((all ?? []).map((rank) => all?.indexOf(rank)));
  return {
    otherwise: new Map(otherwise),
    equalOtherwise: tried.filter((_, at) => tiesIn(here[at]) !== tiesIn(beyond[at])).map(([name]) => name),
    untried: likes.filter(([, like]) => like === undefined).map(([name]) => name),
  };
}

/** Kinds whose rows can be tried against the order of the target. */
const TRIED = new Set<OrderDependent['kind']>(['partition', 'check', 'range']);

export const collationOrder: ReadinessCheck = {
  name: 'the order of strings',
  async find(ctx) {
    const { source, target, input } = ctx;
    const { otherwise, equalOtherwise, untried } = await compare(ctx);
    const names = [...otherwise.keys(), ...untried];
    const all = names.length > 0 ? await source.query(orderDependents(input, names)) : [];
    const dependents = all.filter(({ kind, collation }) => kind !== 'unique' || equalOtherwise.includes(collation));
    const refused: OrderDependent[] = [];
    for (const dependent of dependents) {
      const like = otherwise.get(dependent.collation);
      if (like !== undefined && TRIED.has(dependent.kind) && (await ordersOtherwise(source, target, dependent, like)))
        refused.push(dependent);
    }
    const described = ({ object, collation }: OrderDependent) => `${object}: ${titleOf(collation)}`;
    const findings: Finding[] = [
      ...warning({
        code: 'CollationSortsOtherwise',
        objects: [...otherwise.keys()].map(titleOf),
        message:
          'The target sorts a fixed list of awkward strings otherwise under these collations, whatever their names and versions say.',
        remedy:
          'ReadinessCheck queries whose ORDER BY, min, max, < or between matters to the application. Indexes are built by the order of the target, and are right.',
      }),
      ...warning({
        code: 'OrderMatters',
        objects: dependents.filter((dependent) => !refused.includes(dependent)).map(described),
        message:
          'These depend on how strings are ordered, and the target orders some otherwise, or has the collation not yet, so that it could not be tried. ' +
          'Of the rows that were looked at (some of each table, and what ANALYZE kept) none is affected.',
        remedy: 'Give the columns the collation "C" or one of ICU that both sides order alike, or look through all their rows.',
      }),
      ...blocker({
        code: 'RowsOutOfOrder',
        objects: refused.map(described),
        message:
          'The target orders strings otherwise, so that rows which are there now would be refused: they belong into another partition, break a check, ' +
          'or are ranges that end before they begin.',
        remedy:
          'Create the target database, or the collation on it, as it is on the source; or give these columns a collation that both sides order alike ' +
          '("C", or one of ICU) on the source first; or exclude the tables.',
      }),
    ];
    return findings;
  },
};
