/** Jobs of pg_cron that the migration does not carry over, or not unchanged. */
import { cronDatabase, cronIsClosed, jobsElsewhere, rolesNamed } from '../../extensions/cron-jobs.sql.ts';
import { installedExtensions } from '../../extensions/extensions.sql.ts';
import { lookAtJobs, mayChange, titleOf } from '../../extensions/jobs.ts';
import type { Reader } from '../../ports/database.ts';
import { seeAllRows } from '../../postgres/acting-role.sql.ts';
import { blocker, type Finding, warning } from '../finding.ts';
import { onTargetIfKnown } from '../known.ts';
import type { ReadinessCheck } from './context.ts';

/** pg_cron is installed in one database of a server, and runs jobs in all. */
export const jobs: ReadinessCheck = {
  name: 'jobs of pg_cron',
  async find({ source, target, input }) {
    if (input.excludeSchemas.includes('cron')) return [];
    const here = source.endpoint.database;
    const [sitsIn] = await source.query(cronDatabase());
    const found = await lookAtJobs(source);
    const [rights] = await source.query(cronIsClosed());
    return [
      ...warning({
        code: 'JobsUnreadable',
        objects: rights?.closed ? ['cron.job'] : [],
        message: 'pg_cron is on the source, and our role may not read its jobs, so none of them follows.',
        remedy:
          'Grant it (grant usage on schema cron, and select on cron.job), or make the jobs on the target yourself, disabled, and enable them after the switch.',
      }),
      ...warning({
        code: 'JobsInAnotherDatabase',
        objects: !found && sitsIn && sitsIn.database !== here ? [sitsIn.database] : [],
        message:
          'On the source pg_cron keeps its jobs in this other database, which is not moved. Those of them that run in the database that is moved ' +
          'do not follow, and the fence shuts them out there.',
        remedy: `Look there: select * from cron.job where database = '${here.replaceAll("'", "''")}'; make them on the target, disabled, and enable them after the switch, when you disable them there.`,
      }),
      ...(found ? await onTargetIfKnown(() => ofThisDatabase(source, target, found)) : []),
    ];
  },
};

async function ofThisDatabase(source: Reader, target: Reader, { rights, jobs: all }: NonNullable<Awaited<ReturnType<typeof lookAtJobs>>>) {
  const known = new Set((await target.query(rolesNamed(all.map(({ username }) => username)))).map(({ name }) => name));
  const others = await source.snapshot(async (snapshot) => {
    await snapshot.query(seeAllRows());
    return snapshot.query(jobsElsewhere());
  });
  const [sitsIn] = await target.query(cronDatabase());
  const isThere = (await target.query(installedExtensions())).some(({ name }) => name === 'pg_cron');
  const findings: Finding[] = [
    ...blocker({
      code: 'CronInAnotherDatabase',
      objects: !isThere && sitsIn && sitsIn.database !== target.endpoint.database ? [`cron.database_name = ${sitsIn.database}`] : [],
      message: `On the target pg_cron can be installed in this database only, and the target is ${target.endpoint.database}.`,
      remedy:
        'Set cron.database_name in PlanetScale (Clusters → Extensions → pg_cron), which restarts the cluster, or migrate into that database.',
    }),
    ...warning({
      code: 'JobsHidden',
      objects: rights.limited ? [rights.user] : [],
      message:
        'On the source a policy of pg_cron shows our role the jobs of this role only. Those of other roles, if there are any, do not follow.',
      remedy: "Make them on the target yourself, disabled, and enable them after the switch; or let the source's role own them.",
    }),
    ...warning({
      code: 'JobsOfOtherDatabases',
      objects: others.map(({ database, count }) => `${database}: ${count}`),
      message: 'These jobs of pg_cron run in other databases of the source, so they stay there.',
      remedy: 'Nothing, unless those databases move as well.',
    }),
    ...warning({
      code: 'JobsOfMissingRoles',
      objects: all.filter(({ username }) => !known.has(username)).map((job) => `${titleOf(job)}: ${job.username}`),
      message: 'The roles that these jobs run as are not on the target, where they will run as the role of the migration.',
      remedy: 'Make the roles on the target before the copy is over (create role …), with the rights that the jobs need.',
    }),
    ...warning({
      code: 'JobsStayEnabled',
      objects: all.filter((job) => job.active && !mayChange(rights, job)).map(titleOf),
      message: 'Our role may not disable these jobs on the source, so a switch leaves them enabled there and disabled on the target.',
      remedy: 'Let it (grant update on cron.job to our role), or hand them over yourself after the switch.',
    }),
  ];
  return findings;
}
