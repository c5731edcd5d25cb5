/** Whether a target that is behind will catch up, as far as a visit of the comparison can observe it. */
import { CopyStalled } from '../config/errors.ts';
import { subscriptionName } from '../config/names.ts';
import type { Looking } from '../engine/contract.ts';
import { publishedTables } from '../postgres/tables.sql.ts';
import { causeOf } from '../replication/copy/cause.ts';
import { workerState } from '../replication/copy-progress.sql.ts';
import { demandNotDisabled } from '../replication/held.ts';
import { subscriptionState } from '../replication/subscriptions.sql.ts';
import { demandSameColumns } from '../schema/column-drift.ts';

/** Errors that count as a failing stream: a restart causes one, and so does a worker that another session has ended. */
const LEAST_ERRORS = 3;

interface Counted {
  readonly at: number;
  readonly errors: number;
}

/** Watch over the stream during a comparison. */
export interface StreamWatch {
  /**
   * @throws CopyStalled where others have disabled the subscription, or the target refuses a change again and again
   * @throws SchemaDrift where the schema has changed, which stops a stream
   */
  demand(): Promise<void>;
}

export async function watchStream({ comparison: { source, target }, input }: Looking<'comparison'>): Promise<StreamWatch> {
  const name = subscriptionName(source.endpoint.database);
  const count = async (): Promise<Counted> => ({ at: Date.now(), errors: (await target.query(workerState(name)))[0]?.applyErrors ?? 0 });
  const first = await count();
  return {
    async demand() {
      await demandSameColumns(source, target, input);
      const [subscription] = await target.query(subscriptionState(name));
      demandNotDisabled(name, 'target', subscription);
      const now = await count();
      if (now.errors - first.errors < LEAST_ERRORS) return;
      const failures = {
        servers: 0,
        since: first.at,
        applyThen: first.errors,
        syncThen: 0,
        at: now.at,
        apply: now.errors,
        sync: 0,
        suspects: [],
      };
      const { cause, remedy } = await causeOf(source, target, name, await source.query(publishedTables(input)), input, failures);
      throw new CopyStalled(
        `The comparison waits for a target that does not catch up: ${cause}. Nothing is lost, since the slot keeps every change, and WAL with ` +
          `it; nothing was changed, and the application is not affected. ${remedy} Then start the machine again.`,
      );
    },
  };
}
