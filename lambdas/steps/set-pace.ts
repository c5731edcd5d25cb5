/**
 * Sets how many workers of a copy in parts may work at a time, while Replicate runs. Each worker looks at this number before it takes a part. Nothing else
 * is touched, so it may run beside every other execution.
 */
import { NotReady } from '../config/errors.ts';
import { planOn } from '../copy/progress.ts';
import { defineStep } from '../engine/step.ts';
import { copyPartsExist, copyTotals } from '../state/copy-parts.sql.ts';
import { setWorkers } from '../state/copy-plan.sql.ts';

interface Seen {
  /** What is asked for. */
  readonly wanted: number;
  /** What may work now. */
  readonly workers: number;
  /** What has a part at this moment. */
  readonly working: number;
}

const UNTOUCHED = 'Nothing was changed.';

const noNumber = () =>
  new NotReady(
    `Pace was not told how many workers may work. ${UNTOUCHED} Start it with {"copyWorkers": 16}, say; {"copyWorkers": 0} pauses the copy.`,
  );

const noPlan = () =>
  new NotReady(
    `Nothing is copied in parts: Replicate has not copied the schema yet, or rows are copied by the subscription, which has no workers of ours. ${UNTOUCHED} ` +
      'Start Pace once Replicate copies in parts; how many workers it begins with is said by its own input, "copyWorkers".',
  );

const finished = () =>
  new NotReady(`The copy in parts is finished: no worker has anything left to do. ${UNTOUCHED} Nothing is to be done; Replicate goes on.`);

export const setPace = defineStep({
  needs: ['target'],
  interrupted: 'The number may be set already. Workers that have a part end it first.',

  async inspect({ target, input, execution }): Promise<Seen> {
    const wanted = input.copyWorkers;
    if (wanted === undefined) throw noNumber();
    const plan = await planOn(target);
    if (!plan) throw noPlan();
    if (plan.finished) throw finished();
    const [parts] = await target.query(copyPartsExist());
    const [totals] = parts?.exists ? await target.query(copyTotals(execution)) : [];
    return { wanted, workers: plan.workers, working: totals?.working ?? 0 };
  },

  judge: ({ wanted, workers }) => (workers === wanted ? 'done' : 'todo'),

  async act({ target }, { wanted }) {
    await target.query(setWorkers(wanted));
  },

  evidence: ({ workers, working }, before) => ({ workers, working, ...(before.workers === workers ? {} : { before: before.workers }) }),
});
