/** Hands jobs over after a switch is committed. It may be repeated: jobs that are still enabled on the side switched from are left to do. */
import type { MigrationInput } from '../config/input.ts';
import type { Database, Reader } from '../ports/database.ts';
import { asWriter } from './carry.ts';
import { alterJobActive, type CronRights, type Job, setJobActive } from './cron-jobs.sql.ts';
import { carryJobs, type Jobs, lookAtJobs, mayChange, pairJobs, titleOf, writesTable } from './jobs.ts';

/** An enabled job of the side switched from, and its counterpart on the other side. */
export interface HandOver {
  readonly job: Job;
  readonly twin: Job;
}

/** @param others called for jobs that are not handed over, for lack of a counterpart or of a right, with the reason */
export function toHandOver(from: Jobs, to: Jobs, others: (job: Job, reason: string) => void = () => {}): HandOver[] {
  return pairJobs(from.jobs, to.jobs).flatMap(({ job, twin }) => {
    if (!job.active) return [];
    if (!twin) others(job, 'it could not be made there');
    else if (!mayChange(to.rights, twin)) others(job, 'our role may not enable it there');
    else if (!mayChange(from.rights, job)) others(job, 'our role may not disable it here');
    else return [{ job, twin }];
    return [];
  });
}

const active = (rights: CronRights, job: Job, value: boolean) =>
  writesTable(rights, job) ? setJobActive(job.id, value) : alterJobActive(job.id, value);

interface Sides<Side extends Reader> {
  readonly from: Side;
  readonly to: Side;
}

/** Enables first and disables then: in between the side switched from refuses connections, so no job runs twice, and none is forgotten. */
export async function handOverJobs({ from, to, input }: Sides<Database> & { readonly input: MigrationInput }): Promise<void> {
  if (!(await lookAtJobs(from))) return;
  await carryJobs(from, to, input);
  const [left, taken] = [await lookAtJobs(from), await lookAtJobs(to)];
  if (!left || !taken) return;
  const all = toHandOver(left, taken);
  if (all.length === 0) return;
  const disabled = all.filter(({ twin }) => !twin.active);
  if (disabled.length > 0) {
    await asWriter(to, async (session) => {
      for (const { twin } of disabled) await session.query(active(taken.rights, twin, true));
    });
  }
  await asWriter(from, async (session) => {
    for (const { job } of all) await session.query(active(left.rights, job, false));
  });
}

/** Jobs that {@link handOverJobs} has still to hand over, in words. */
export async function jobsLeftToHandOver({ from, to }: Sides<Reader>): Promise<string[]> {
  const left = await lookAtJobs(from);
  if (!left?.jobs.some((job) => job.active)) return [];
  const taken = await lookAtJobs(to);
  return taken ? toHandOver(left, taken).map(({ job }) => `${titleOf(job)} is still enabled on the side that was left`) : [];
}
