/** Compares the next part of one table: a range of keys, a list of keys, or the whole of it. */
import { tableShape } from '../postgres/table-shape.sql.ts';
import type { PublishedTable } from '../postgres/tables.sql.ts';
import { type ComparedTable, type Key, keysAfter, rangeEnd, rowCount } from './comparison.sql.ts';
import { compareSelection } from './keyed.ts';
import type { Outcome } from './outcome.ts';
import type { Within } from './progress.ts';
import { explained } from './refusals.ts';
import { type Plan, planOf } from './shape.ts';
import type { Side, Sides } from './sides.ts';
import { compareWhole } from './whole.ts';

export interface Part extends Outcome {
  /** Where the next part begins; null when the table is through. */
  readonly next: Within | null;
  readonly reason: string | null;
}

/** A range takes a fraction of a second at a million rows a second, and listing its keys a few megabytes of memory. */
const MOST_ROWS = 50_000;
const LEAST_ROWS = 500;
const RANGE_BYTES = 16 * 1024 * 1024;
/** Rows per range of a table that was never analyzed: 4 KiB a row are assumed. */
const UNKNOWN_ROWS = RANGE_BYTES / 4096;
/** A table below this size is one range: it holds fewer than 50,000 rows, since the smallest takes 28 bytes. */
export const SMALL_TABLE_BYTES = 1024 * 1024;
/** Keys that are looked up on the other side in one statement. */
const MOST_KEYS = 10_000;

/** Rows a part, so that it holds about {@link RANGE_BYTES}. */
export function rowsPerRange({ bytes, estimatedRows }: Pick<PublishedTable, 'bytes' | 'estimatedRows'>): number {
  if (estimatedRows <= 0 || bytes <= 0) return UNKNOWN_ROWS;
  return Math.round(Math.min(MOST_ROWS, Math.max(LEAST_ROWS, RANGE_BYTES / (bytes / estimatedRows))));
}

/** @returns undefined if the target did not catch up in time; the part begins again at the next visit */
export async function compareNextPart(sides: Sides, published: PublishedTable, at: Within): Promise<Part | undefined> {
  const [source, target] = await sides.askBoth(tableShape(published.schema, published.table));
  const plan = planOf(
    { schema: published.schema, table: published.table },
    source,
    target.length === 0 && source.length > 0 ? undefined : target,
    sides.versions,
  );
  if (typeof plan === 'string') return { rows: 0, different: [], moving: 0, next: null, reason: plan };
  const part = await PARTS[plan.walk](sides, plan, published, at).catch((error: unknown) => {
    throw explained(error, published);
  });
  return part && { ...part.outcome, next: part.next, reason: null };
}

type ComparePart = (
  sides: Sides,
  plan: Plan,
  published: PublishedTable,
  at: Within,
) => Promise<{ outcome: Outcome; next: Within | null } | undefined>;

/** The first range is open below and the last one above, so rows that only the target has are seen wherever they are. */
const compareRange: ComparePart = async (sides, { table }, published, { after }) => {
  const isSmall = after === null && published.bytes < SMALL_TABLE_BYTES;
  const [end] = isSmall ? [] : await sides.ask('source', rangeEnd(table, after ?? undefined, rowsPerRange(published)));
  const outcome = await compareSelection(sides, table, { after: after ?? undefined, upTo: end?.key });
  return outcome && { outcome, next: end ? { lead: 'source', after: end.key } : null };
};

/** First the rows with the source's keys are compared, in its order. Then the target's keys are read, which finds those that only it has. */
const compareKeys: ComparePart = async (sides, { table }, published, { lead, after }) => {
  const size = Math.min(MOST_KEYS, rowsPerRange(published));
  const keys: Key[] = (await sides.ask(lead, keysAfter(table, after ?? undefined, size))).map(({ key }) => key);
  const last = keys.at(-1);
  const outcome = (await nothingNew(sides, table, lead, keys)) ? NOTHING : await compareSelection(sides, table, { keys });
  const next: Within | null =
    last && keys.length === size ? { lead, after: last } : lead === 'source' ? { lead: 'target', after: null } : null;
  return outcome && { outcome: lead === 'source' ? outcome : { ...outcome, rows: 0 }, next };
};

const NOTHING: Outcome = { rows: 0, different: [], moving: 0 };
async function nothingNew(sides: Sides, table: ComparedTable, lead: Side, keys: readonly Key[]): Promise<boolean> {
  if (keys.length === 0 || lead === 'source') return keys.length === 0;
  const [present] = await sides.ask('source', rowCount(table, { keys }));
  return present?.rows === keys.length;
}

const compareAll: ComparePart = async (sides, { table }, { estimatedRows }) => {
  const outcome = await compareWhole(sides, table, estimatedRows);
  return outcome && { outcome, next: null };
};

const PARTS: Record<Plan['walk'], ComparePart> = { ranges: compareRange, keys: compareKeys, whole: compareAll };
