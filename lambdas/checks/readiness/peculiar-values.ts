/** Values that have a meaning on the source only, or that cannot be replicated. Found by their types: no row is read. */

import { blocker, warning } from '../finding.ts';
import type { ReadinessCheck } from './context.ts';
import {
  columnsHolding,
  nextTransaction,
  partitionsBySortKey,
  peculiarPartitionKeys,
  tablesWithLongValues,
  textsCalling,
} from './peculiar-columns.sql.ts';

/** https://www.postgresql.org/docs/current/datatype-oid.html; `oid` itself is a number and travels as one. */
const OBJECTS = [
  ...['regproc', 'regprocedure', 'regoper', 'regoperator', 'regclass', 'regcollation', 'regtype', 'regrole', 'regnamespace'],
  ...['regconfig', 'regdictionary', 'regdatabase'],
];

export const objectColumns: ReadinessCheck = {
  name: 'columns that name objects of the catalog',
  async find({ source, input }) {
    const found = await source.query(columnsHolding(input, OBJECTS));
    return warning({
      code: 'ObjectIdentifierColumn',
      objects: found.map(({ object, type }) => `${object} (${type})`),
      message:
        'These columns hold objects of the catalog. They travel by name, so an object of that name has to be on the target when the row arrives, ' +
        'and gets another number there. An index or a function that is made later, or is left behind, is not there yet.',
      remedy:
        'Nothing, where they hold tables, types and roles that are on both sides; roles have to be made on the target first. What compares these ' +
        'values as numbers (::oid) has to do so on one side only. A text column that holds the name is free of all this.',
    });
  },
};

export const partitionKeys: ReadinessCheck = {
  name: 'partitions by values that another server hashes or orders otherwise',
  async find({ source, input }) {
    const keys = await source.query(peculiarPartitionKeys(input));
    return [
      ...blocker({
        code: 'PartitionKeyNotPortable',
        objects: keys.map(({ object, strategy, type }) => `${object} (by ${strategy === 'h' ? 'hash' : 'range'} of ${type})`),
        message:
          'Enums and types such as regclass stand in partitions by a number that every server gives anew, so a row belongs to another partition on ' +
          'the target. Each partition is streamed to the one of its name, which would refuse the row, and the copy would never end.',
        remedy:
          'Partition by list of the enum, or by the hash of another column, on the source. Or exclude the partitioned table and move it by itself ' +
          'while nothing writes to it: pg_dump --load-via-partition-root --table=… on the source, psql on the target.',
      }),
      ...warning({
        code: 'PartitionKeyBySortKey',
        objects: (await source.query(partitionsBySortKey(input))).map(({ object }) => object),
        message:
          'These are partitioned by the hash of text under a nondeterministic collation, which is a hash of the sort key that ICU makes. Where the ' +
          'target has another version of ICU, rows may belong to another partition.',
        remedy: 'Nothing beforehand: rows that the target would refuse are found before the copy begins, by trying some.',
      }),
    ];
  },
};

const HISTORY_TYPES = ['xid', 'xid8', 'cid', 'tid', 'txid_snapshot', 'pg_snapshot', 'pg_lsn'];
/** Functions that return transaction ids or WAL positions of this server. */
const TELLS_HISTORY =
  '\\m(txid_current\\w*|txid_snapshot_\\w+|txid_visible_in_snapshot|txid_status|pg_current_xact_id\\w*|pg_current_snapshot|pg_snapshot_\\w+|' +
  'pg_visible_in_snapshot|pg_xact_status|pg_current_wal_\\w*lsn|pg_wal_lsn_diff)\\M';

/** For the operator to run on the target; a transaction of 10,000 ids takes about a second. The temporary table makes each of them count. */
export const raiseCounter = (goal: string): string => `create temporary table burned (n int);
do $$ begin
  while txid_snapshot_xmax(txid_current_snapshot()) < ${goal} loop
    for i in 1..10000 loop begin insert into burned values (i); exception when division_by_zero then null; end; end loop;
    truncate burned;
    commit;
  end loop;
end $$;`;

/** More than a vacuum to prevent wraparound waits for (autovacuum_freeze_max_age), and hours of work. */
const MOST_BURNED = 100_000_000n;

export const transactionIds: ReadinessCheck = {
  name: 'transaction ids in columns',
  async find({ source, target, input }) {
    const columns = (await source.query(columnsHolding(input, HISTORY_TYPES))).map(({ object, type }) => `${object} (${type})`);
    const texts = (await source.query(textsCalling(input, TELLS_HISTORY))).map(({ object }) => object);
    const [[from], [to]] = [await source.query(nextTransaction()), await target.query(nextTransaction())];
    const [ours, theirs] = [BigInt(from?.next ?? 0), BigInt(to?.next ?? 0)];
    const behind = ours - theirs;
    const raise =
      behind <= 0n
        ? 'The counter of the target is ahead already, so no stored id is in its future.'
        : behind <= MOST_BURNED
          ? `The counter of the target is ${behind} behind. It can be raised there, at any time before the switch, by the statements below; look again shortly before.`
          : `The counter of the target is ${behind} behind, too many to be used up one by one.`;
    return warning({
      code: 'TransactionIds',
      objects: [...columns, ...texts],
      message:
        `Transaction ids, snapshots, row addresses and WAL positions mean something on the server that gave them (next transaction: source ${ours}, ` +
        `target ${theirs}). They arrive unchanged, but a reader that waits until an id is older than every running transaction, as an outbox does, ` +
        'waits on the target until its counter has come so far.',
      remedy:
        `${raise} Or let the readers catch up and empty the outbox during the switch; or, on the target after the switch and before the readers ` +
        "start, set the stored ids to one that is past, such as update … set … = '3' where … (all of those transactions have ended), and the bookmarks of " +
        'the readers with them. Readers that order by id need it: new ids may be smaller than old ones.',
      statements: columns.length + texts.length > 0 && behind > 0n && behind <= MOST_BURNED ? [raiseCounter(String(ours))] : [],
    });
  },
};

/** Texts of a row travel in one piece of a gigabyte at most (MaxAllocSize); hexadecimal doubles bytea, and escapes may double text. */
const MOST_BYTES = 1_073_741_823;
const HIGHEST_COMPRESSION = 91;

export const longValues: ReadinessCheck = {
  name: 'values that are too long to travel',
  async find({ source, input }) {
    const sizes = { bytea: MOST_BYTES / 2 / HIGHEST_COMPRESSION, other: MOST_BYTES / HIGHEST_COMPRESSION };
    const found = await source.query(tablesWithLongValues(input, sizes));
    return warning({
      code: 'RowsMayBeTooLong',
      objects: found.map(({ object, bytesPerRow }) => `${object} (about ${Math.round(bytesPerRow / 1_000_000)} MB a row, as stored)`),
      message:
        'A row travels as text, of which a server can send one gigabyte: half a gigabyte of bytea is too long, since it doubles. The rows of ' +
        'these tables are so large, compressed perhaps, that one may be. A single one stops the copy, or later the stream, for good.',
      remedy:
        'Look for them: select … where octet_length(column) > 536870000. Split such values over several rows, move them to object storage, or ' +
        'exclude the table.',
    });
  },
};

export const peculiarValues: readonly ReadinessCheck[] = [objectColumns, partitionKeys, transactionIds, longValues];
