/** Rows in configuration tables of extensions, right before a switch, which copies them once more. */
import { toHandOver } from '../../extensions/hand-over.ts';
import { lookAtJobs, mayChange, mayMake, pairJobs, titleOf } from '../../extensions/jobs.ts';
import { lookAtPair, markedPairs } from '../../extensions/look.ts';
import { type Finding, warning } from '../finding.ts';
import type { SwitchCheck } from './context.ts';

export const extensionRows: SwitchCheck = {
  name: 'rows of extensions',
  async find({ from, to, exclusions }) {
    const obstacles: string[] = [];
    const onlyThere: string[] = [];
    for (const pair of await markedPairs(from.reader, to.reader, exclusions)) {
      const found = await lookAtPair(from.reader, to.reader, pair);
      if (found.obstacle !== undefined) obstacles.push(`${pair.object}: ${found.obstacle}`);
      if (found.onlyThere > 0) onlyThere.push(`${pair.object}: ${found.onlyThere}`);
    }
    const findings: Finding[] = [
      ...warning({
        code: 'ExtensionRowsNotCarried',
        objects: obstacles,
        message: `Extensions mark these as their configuration, but they cannot be carried to the ${to.name}.`,
        remedy: `Where you have added rows of your own, add them on the ${to.name} as well.`,
      }),
      ...warning({
        code: 'ExtensionRowsOnlyThere',
        objects: onlyThere,
        message: `These tables of extensions have rows on the ${to.name} that the ${from.name} does not have, or has no more. They stay.`,
        remedy: `Delete on the ${to.name} what was deleted on the ${from.name} since the copy.`,
      }),
    ];
    return findings;
  },
};

export const jobs: SwitchCheck = {
  name: 'jobs of pg_cron',
  async find({ from, to, exclusions }) {
    const ours = exclusions.excludeSchemas.includes('cron') ? undefined : await lookAtJobs(from.reader);
    if (!ours) return [];
    const theirs = await lookAtJobs(to.reader);
    const active = ours.jobs.filter((job) => job.active);
    const staying = theirs ? [] : active.map((job) => `${titleOf(job)}: pg_cron is not there`);
    if (theirs) {
      toHandOver(ours, theirs, (job, reason) => {
        const willBeMade = !pairJobs([job], theirs.jobs)[0]?.twin && mayMake(theirs.rights, job);
        if (!willBeMade) staying.push(`${titleOf(job)}: ${reason}`);
        else if (!mayChange(ours.rights, job)) staying.push(`${titleOf(job)}: our role may not disable it here`);
      });
    }
    const twice = pairJobs(ours.jobs, theirs?.jobs ?? []).filter(({ job, twin }) => job.active && twin?.active);
    const findings: Finding[] = [
      ...warning({
        code: 'JobsNotHandedOver',
        objects: staying,
        message:
          `The switch does not enable these jobs on the ${to.name}, and so leaves them enabled on the ${from.name}, where they fail ` +
          'while it is shut and go on after Cleanup.',
        remedy: `Make them on the ${to.name} after the switch, and disable them on the ${from.name} then (cron.unschedule or cron.alter_job).`,
      }),
      ...warning({
        code: 'JobsEnabledTwice',
        objects: twice.map(({ job }) => titleOf(job)),
        message: `These jobs are enabled on both sides already. The ${to.name} is shut to the roles that they run as until the switch.`,
        remedy: `Disable them on the ${to.name}: the switch enables them.`,
      }),
    ];
    return findings;
  },
};
