/** Open transactions. The fence would end those on the side switched from; those on the other side delay the slot that is made there. */
import { roleRights } from '../../postgres/rights.sql.ts';
import { preparedTransactions, type WriteTransaction, writeTransactions } from '../activity.sql.ts';
import { blocker, type Finding } from '../finding.ts';
import type { Side, SwitchCheck, SwitchCheckContext } from './context.ts';

/** Longer than the transactions of an application that answers people. */
const LONG_SECONDS = 5;

interface Transaction {
  readonly database: string | null;
  readonly autovacuum?: boolean;
}

/** A new slot waits for the transactions of every database, autovacuum's included; the fence ends those of one database, except autovacuum's. */
const concerns = ({ input, to }: SwitchCheckContext, side: Side): ((one: Transaction) => boolean) =>
  side === to && input.reverse
    ? () => true
    : ({ database, autovacuum }) => database === side.reader.endpoint.database && autovacuum !== true;

const describe = (side: Side, { pid, user, database, application, state, seconds }: WriteTransaction): string =>
  `${side.name}: pid ${pid} (user ${user ?? 'none'}, database ${database}, application ${application || 'unnamed'}, ${state ?? 'background'}, ` +
  `${Math.round(seconds)} s)`;

async function longOn(ctx: SwitchCheckContext, side: Side): Promise<string[]> {
  const [rights] = await side.reader.query(roleRights());
  if (rights?.seesActivity !== true) {
    throw new Error(
      `${rights?.role} does not see the transactions of others on the ${side.name}; grant it pg_read_all_stats or pg_monitor`,
    );
  }
  return (await side.reader.query(writeTransactions(LONG_SECONDS))).filter(concerns(ctx, side)).map((one) => describe(side, one));
}

export const longTransactions: SwitchCheck = {
  name: 'long transactions',
  async find(ctx) {
    const { from, to } = ctx;
    return blocker({
      code: 'LongWriteTransaction',
      objects: [...(await longOn(ctx, from)), ...(await longOn(ctx, to))],
      message:
        `Write transactions have been open for ${LONG_SECONDS} seconds and longer. The fence would end those on the ${from.name}; ` +
        `making the slot on the ${to.name} waits for those there.`,
      remedy:
        'Wait for them, or end them (select pg_terminate_backend(pid)), and keep jobs from starting new ones until the switch is over.',
    });
  },
};

export const prepared: SwitchCheck = {
  name: 'prepared transactions',
  async find(ctx) {
    const on = async (side: Side): Promise<string[]> =>
      (await side.reader.query(preparedTransactions())).filter(concerns(ctx, side)).map(({ object }) => `${side.name}: ${object}`);
    const findings: readonly Finding[] = blocker({
      code: 'PreparedTransaction',
      objects: [...(await on(ctx.from)), ...(await on(ctx.to))],
      message:
        'Prepared transactions outlast the fence: one that is committed afterwards would be lost, and a new slot waits for every one.',
      remedy: 'Connect to the database named and commit prepared or rollback prepared each.',
    });
    return findings;
  },
};
