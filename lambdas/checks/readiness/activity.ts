/** Transactions that would delay the creation of a slot, and rows that have waited long for vacuum. */
import { roleRights } from '../../postgres/rights.sql.ts';
import { databaseAges, preparedTransactions, type WriteTransaction, writeTransactions } from '../activity.sql.ts';
import { blocker, warning } from '../finding.ts';
import type { ReadinessCheck } from './context.ts';

const age = (seconds: number): string => `${Math.round(seconds)} s`;

export const prepared: ReadinessCheck = {
  name: 'prepared transactions',
  async find({ source, input }) {
    const found = await source.query(preparedTransactions());
    const isOld = ({ seconds }: { seconds: number }) => seconds >= input.longTransactionSeconds;
    const tell = ({ object, seconds }: (typeof found)[number]) => `${object}, ${age(seconds)}`;
    return [
      ...blocker({
        code: 'OldPreparedTransaction',
        objects: found.filter(isOld).map(tell),
        message: 'Making a replication slot waits for every prepared transaction, and these look forgotten.',
        remedy: 'Connect to the database named and commit prepared or rollback prepared each.',
      }),
      ...warning({
        code: 'PreparedTransaction',
        objects: found.filter((transaction) => !isOld(transaction)).map(tell),
        message: 'Making a replication slot waits for every prepared transaction.',
        remedy: 'Make sure that the transaction manager ends them.',
      }),
    ];
  },
};

const describe = ({ pid, user, database, application, state, seconds }: WriteTransaction): string =>
  `pid ${pid} (user ${user}, database ${database}, application ${application || 'unnamed'}, ${state}, ${age(seconds)})`;

export const longTransactions: ReadinessCheck = {
  name: 'long transactions',
  async find({ source, input }) {
    const [rights] = await source.query(roleRights());
    if (rights?.seesActivity !== true) {
      throw new Error(`${source.endpoint.user} does not see the transactions of others; grant it pg_read_all_stats or pg_monitor`);
    }
    return blocker({
      code: 'LongWriteTransaction',
      objects: (await source.query(writeTransactions(input.longTransactionSeconds))).map(describe),
      message: `Write transactions have been open for ${input.longTransactionSeconds} seconds and longer. Making a replication slot waits for each of them.`,
      remedy: 'Wait for them, or end them (select pg_terminate_backend(pid)), or start with a larger "longTransactionSeconds".',
    });
  },
};

/** Half of the 2,147,483,648 that an age can reach; autovacuum begins at a tenth, so something has held it back. */
const MUCH = 1_000_000_000;
/** vacuum_failsafe_age: from here on vacuum skips everything but freezing. A copy must not hold it back further. */
const TOO_MUCH = 1_600_000_000;

export const transactionAge: ReadinessCheck = {
  name: 'transaction-id age',
  async find({ source }) {
    const old = (await source.query(databaseAges())).map((found) => ({ ...found, age: Math.max(found.transactions, found.multixacts) }));
    const tell = (found: (typeof old)[number]) => `${found.database} (${found.age})`;
    return [
      ...blocker({
        code: 'TransactionIdsRunOut',
        objects: old.filter((found) => found.age >= TOO_MUCH).map(tell),
        message: 'The source is close to running out of transaction ids. The copy holds vacuum back while it runs, which makes it worse.',
        remedy:
          'Run vacuum freeze in these databases first, and find out what held vacuum back: old transactions, slots, prepared transactions.',
      }),
      ...warning({
        code: 'TransactionIdAge',
        objects: old.filter((found) => found.age >= MUCH && found.age < TOO_MUCH).map(tell),
        message: 'Rows have waited unusually long for vacuum, and the copy holds vacuum back further while it runs.',
        remedy: 'Run vacuum freeze in these databases before you start.',
      }),
    ];
  },
};
