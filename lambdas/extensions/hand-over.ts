/** What a switch does with jobs once it is committed. All of it may be repeated: what is still enabled on the side that was left is what is left to do. */
import type { MigrationInput } from '../config/input.ts';
import type { Database, Reader } from '../ports/database.ts';
import { asWriter } from './carry.ts';
import { alterJobActive, type CronRights, type Job, setJobActive } from './cron-jobs.sql.ts';
import { carryJobs, type Jobs, lookAtJobs, mayChange, pairJobs, titleOf, writesTable } from './jobs.ts';

/** An enabled job of the side that is left, and the one that takes its place. */
export interface HandOver {
  readonly job: Job;
  readonly twin: Job;
}

/** @param others sees those that stay, for want of a twin or of a right, with the reason */
export function toHandOver(leaving: Jobs, arriving: Jobs, others: (job: Job, reason: string) => void = () => {}): HandOver[] {
  return pairJobs(leaving.jobs, arriving.jobs).flatMap(({ job, twin }) => {
    if (!job.active) return [];
    if (!twin) others(job, 'it could not be made there');
    else if (!mayChange(arriving.rights, twin)) others(job, 'our role may not enable it there');
    else if (!mayChange(leaving.rights, job)) others(job, 'our role may not disable it here');
    else return [{ job, twin }];
    return [];
  });
}

const active = (rights: CronRights, job: Job, value: boolean) =>
  writesTable(rights, job) ? setJobActive(job.id, value) : alterJobActive(job.id, value);

interface Sides<Side extends Reader> {
  readonly leaving: Side;
  readonly arriving: Side;
}

/** Enables first and disables then: in between the side that was left lets nobody in, so no job runs twice, and none is forgotten. */
export async function handOverJobs({ leaving, arriving, input }: Sides<Database> & { readonly input: MigrationInput }): Promise<void> {
  if (!(await lookAtJobs(leaving))) return;
  await carryJobs(leaving, arriving, input);
  const [from, to] = [await lookAtJobs(leaving), await lookAtJobs(arriving)];
  if (!from || !to) return;
  const all = toHandOver(from, to);
  if (all.length === 0) return;
  const asleep = all.filter(({ twin }) => !twin.active);
  if (asleep.length > 0) {
    await asWriter(arriving, async (session) => {
      for (const { twin } of asleep) await session.query(active(to.rights, twin, true));
    });
  }
  await asWriter(leaving, async (session) => {
    for (const { job } of all) await session.query(active(from.rights, job, false));
  });
}

/** What {@link handOverJobs} has still to do, in words. */
export async function jobsLeftToHandOver({ leaving, arriving }: Sides<Reader>): Promise<string[]> {
  const from = await lookAtJobs(leaving);
  if (!from?.jobs.some((job) => job.active)) return [];
  const to = await lookAtJobs(arriving);
  return to ? toHandOver(from, to).map(({ job }) => `${titleOf(job)} is still enabled on the side that was left`) : [];
}
