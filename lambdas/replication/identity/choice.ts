/** The replica identity that a table needs, where the one that it has does not identify its rows. Pure. */
import type { IdentityFacts } from './identity.sql.ts';

/**
 * A replica identity as ALTER TABLE takes it: the primary key, a unique index by its number, or the whole row
 * (https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-REPLICA-IDENTITY).
 */
export type Choice = { readonly kind: 'default' | 'full' } | { readonly kind: 'index'; readonly index: string; readonly oid: number };

/** Whether the publisher accepts it, leaving aside whether the subscriber finds a row by it. */
export const isAccepted = ({ identity, primaryKeyCounts, hasIdentityIndex }: IdentityFacts): boolean =>
  identity === 'f' || (identity === 'd' && primaryKeyCounts === true) || (identity === 'i' && hasIdentityIndex);

/** Whether a subscriber would look for rows by values that it is not sent. */
export const isGenerated = (table: IdentityFacts): boolean => isAccepted(table) && table.generatedKey.length > 0;

/** Whether a subscriber would compare values that cannot be compared. */
export const isIncomparable = ({ identity, incomparable }: IdentityFacts): boolean => identity === 'f' && incomparable.length > 0;

/** Whether the server would refuse UPDATE and DELETE, for a generated column that is not published. */
export const isForbidden = ({ identity, fullBreaksWrites }: IdentityFacts): boolean => identity === 'f' && fullBreaksWrites;

/** Whether UPDATE and DELETE of this table do not come through as it is. */
export const isWanting = (table: IdentityFacts): boolean =>
  !isAccepted(table) || isGenerated(table) || isIncomparable(table) || isForbidden(table);

/**
 * The best identity that is there already: an index finds one row, where FULL sends and compares the whole of it. Undefined where nothing
 * would do.
 */
export function choiceOf(table: IdentityFacts): Choice | undefined {
  const { primaryKeyCounts, primaryKeyIsGenerated, usableIndex, usableIndexOid, incomparable, fullBreaksWrites } = table;
  if (primaryKeyCounts === true && !primaryKeyIsGenerated) return { kind: 'default' };
  if (usableIndex !== null && usableIndexOid !== null) return { kind: 'index', index: usableIndex, oid: usableIndexOid };
  return incomparable.length === 0 && !fullBreaksWrites ? { kind: 'full' } : undefined;
}

export const clauseOf = (choice: Choice): string => (choice.kind === 'index' ? `using index ${choice.index}` : choice.kind);

export const settingOf = ({ object }: IdentityFacts, choice: Choice): string =>
  `alter table ${object} replica identity ${clauseOf(choice)};`;

/** The newest server that will publish the tables: the target does once the application is there, if there is to be a stream back. */
export const newestPublisher = (source: number, target: number, reverse: boolean | 'unsaid'): number =>
  reverse === false ? source : Math.max(source, target);
