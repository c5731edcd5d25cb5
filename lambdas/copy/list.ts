/** The tables of a copy in parts and their parts, listed on the target in the transaction that records what they are read from. */
import { CopyStalled } from '../config/errors.ts';
import type { MigrationInput, TableName } from '../config/input.ts';
import { HEARTBEAT_TABLE, keyOf, missingFrom, named } from '../config/tables.ts';
import type { Database, Reader } from '../ports/database.ts';
import type { PartCopy } from '../ports/part-copy.ts';
import { occupiedAmong } from '../replication/subscribe.ts';
import { tablesNeedingText } from '../replication/types.sql.ts';
import * as parts from '../state/copy-parts.sql.ts';
import { recordSeed, type Seed } from '../state/copy-plan.sql.ts';
import * as copyTables from '../state/copy-tables.sql.ts';
import * as copyWorkers from '../state/copy-workers.sql.ts';
import { keyBounds } from './key-bounds.sql.ts';
import { type KeyBounds, PAGE_RANGES_SINCE, partsOf, planParts } from './plan-parts.ts';
import { closedToCopyRole } from './role.ts';
import { snapshotSeed } from './seed.ts';
import { rollback } from './statements.sql.ts';
import { filesInSnapshot, type SourceTable, sourceTablesToCopy } from './tables.sql.ts';

interface ListContext {
  readonly source: Reader;
  readonly target: Database;
  readonly copy: PartCopy;
  readonly input: MigrationInput;
  readonly seed: Seed;
  readonly partBytes: number;
  /** What is in the publication: nothing else is streamed afterwards. */
  readonly published: readonly TableName[];
}

/** Rows of our own tables in one statement. */
const AT_ONCE = 2_000;

async function inBatches<Row>(rows: readonly Row[], insert: (batch: readonly Row[]) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < rows.length; from += AT_ONCE) await insert(rows.slice(from, from + AT_ONCE));
}

/** Tables of an old source that are split by their key. A bound is drawn in the snapshot, as the role that can only read. */
async function boundsOf({ copy, seed, partBytes }: ListContext, tables: readonly SourceTable[]): Promise<Map<number, KeyBounds>> {
  const wanted = tables.filter((table) => table.key.length > 0 && table.pages > 0 && partsOf(table, partBytes) > 1);
  const found = new Map<number, KeyBounds>();
  if (wanted.length === 0) return found;
  const session = await copy.openSource('bounds');
  try {
    await snapshotSeed.begin(session, seed);
    for (const table of wanted) {
      const bounds = await session.query(keyBounds(table, partsOf(table, partBytes)));
      found.set(
        table.oid,
        bounds.map(({ bound }) => bound),
      );
    }
    await session.query(rollback());
  } finally {
    await session.end();
  }
  return found;
}

/**
 * The same tables with the files that the snapshot knows. One that was rewritten since is found to have moved, since ALTER TABLE hides every row of
 * it from the snapshot.
 */
async function asTheSnapshotKnows({ copy, seed }: ListContext, tables: readonly SourceTable[]): Promise<SourceTable[]> {
  const session = await copy.openSource('files');
  try {
    await snapshotSeed.begin(session, seed);
    const known = new Map((await session.query(filesInSnapshot())).map(({ oid, file }) => [oid, file]));
    await session.query(rollback());
    return tables.map((table) => ({ ...table, file: known.get(table.oid) ?? table.file }));
  } finally {
    await session.end();
  }
}

/** Before anything is made on the source. @throws CopyStalled where tables of the target hold rows */
export async function demandEmptyTarget(target: Reader, published: readonly TableName[]): Promise<void> {
  const full = await occupiedAmong(target, missingFrom([HEARTBEAT_TABLE], published));
  if (full.length === 0) return;
  throw new CopyStalled(
    `The copy cannot begin, because ${full.length} tables on the target hold rows already: ${named(full)}. Nothing was changed. Empty them on the target, ` +
      'or leave them behind with excludeTables, then start Replicate again.',
  );
}

/**
 * All of it or nothing. Tables that the role of the copy cannot fill, and those without a column that is copied, are left to the stream at once.
 */
export async function listParts(ctx: ListContext): Promise<void> {
  const { source, target, copy, input, seed, partBytes, published } = ctx;
  const version = await source.version();
  const listed = new Set(published.map(keyOf));
  const there = (await source.query(sourceTablesToCopy(input))).filter((table) => table.file !== null && listed.has(keyOf(table)));
  const all = await asTheSnapshotKnows(ctx, there);
  const closed = new Map((await closedToCopyRole(target, copy.role)).map((table) => [keyOf(table), table.why]));
  const inText = new Set((await source.query(tablesNeedingText(all))).map(({ oid }) => oid));
  const left = all.filter((table) => closed.has(keyOf(table)) || table.columns.length === 0);
  const copied = all.filter((table) => !left.includes(table));
  const planned = planParts(copied, {
    partBytes,
    version,
    boundsOf: version >= PAGE_RANGES_SINCE ? new Map() : await boundsOf(ctx, copied),
  });
  await target.transaction(async (session) => {
    await session.query(copyTables.createCopyTables());
    await session.query(parts.createCopyParts());
    await session.query(copyWorkers.createCopyWorkers());
    await inBatches(all, (batch) =>
      session.query(
        copyTables.listCopyTables(
          batch.map(({ schema, table, oid, file, bytes, columns }) => ({
            ...{ schema, table, relation: oid, file: file ?? 0, bytes, columns },
            binary: !inText.has(oid),
          })),
        ),
      ),
    );
    for (const why of new Set(left.map((table) => closed.get(keyOf(table)) ?? NO_COLUMN))) {
      await session.query(
        copyTables.leaveToStream(
          left.filter((table) => (closed.get(keyOf(table)) ?? NO_COLUMN) === why),
          why,
        ),
      );
    }
    await inBatches(planned, (batch) => session.query(parts.listCopyParts(batch)));
    await session.query(recordSeed(seed));
  });
}

const NO_COLUMN = 'it has no column that is copied';
