/**
 * Jobs of pg_cron: made disabled on the side that does not serve, and enabled there by the switch, which disables them on the other side. A
 * job that ran on both sides would do its work twice.
 */
import type { MigrationInput } from '../config/input.ts';
import type { Database, Reader, Session } from '../ports/database.ts';
import { seeAllRows } from '../postgres/acting-role.sql.ts';
import { asWriter, type Carried } from './carry.ts';
import * as cron from './cron-jobs.sql.ts';
import { type Asking, refusalOf } from './look.ts';

export interface Jobs {
  readonly rights: cron.CronRights;
  readonly jobs: readonly cron.Job[];
}

export const titleOf = ({ id, name }: cron.Job): string => `job ${name ?? id} (pg_cron)`;

/** @param asking in a transaction in which {@link seeAllRows} has been asked for */
export async function jobsOf(asking: Asking): Promise<Jobs | undefined> {
  const [rights] = await asking.query(cron.cronRights());
  return rights && { rights, jobs: await asking.query(cron.jobsHere()) };
}

/** Undefined where there is no pg_cron in this database. */
export async function lookAtJobs(side: Reader): Promise<Jobs | undefined> {
  const [there] = await side.query(cron.cronExists());
  if (!there?.exists) return undefined;
  return side.snapshot(async (snapshot) => {
    await snapshot.query(seeAllRows());
    return jobsOf(snapshot);
  });
}

/** A job and the one on the other side that does the same; undefined where there is none. */
export interface JobPair {
  readonly job: cron.Job;
  readonly twin: cron.Job | undefined;
}

/** Pairs jobs by name, or else by command and schedule; of several, the one of the same role is preferred. Ids differ between servers. */
export function pairJobs(ours: readonly cron.Job[], theirs: readonly cron.Job[]): JobPair[] {
  const free = new Set(theirs);
  const isLike = (one: cron.Job, other: cron.Job): boolean =>
    one.name === other.name && (one.name !== null || (one.schedule === other.schedule && one.command === other.command));
  const take = (job: cron.Job, rest: (other: cron.Job) => boolean): cron.Job | undefined => {
    const found = [...free].find((other) => isLike(job, other) && rest(other));
    if (found) free.delete(found);
    return found;
  };
  const exact = new Map(ours.map((job) => [job, take(job, ({ username }) => username === job.username)]));
  return ours.map((job) => ({ job, twin: exact.get(job) ?? take(job, () => true) }));
}

const isOwn = ({ limited, user }: cron.CronRights, username: string): boolean => !limited || username === user;
export const mayChange = (rights: cron.CronRights, { username }: Pick<cron.Job, 'username'>): boolean =>
  (rights.updates && isOwn(rights, username)) || (rights.alters && username === rights.user);
export const writesTable = (rights: cron.CronRights, { username }: Pick<cron.Job, 'username'>): boolean =>
  rights.updates && isOwn(rights, username);

/** Makes missing jobs, disabled, and updates schedules and commands. A job that is enabled there stays enabled. */
export async function carryJobs(
  from: Reader,
  to: Database,
  { excludeSchemas }: Pick<MigrationInput, 'excludeSchemas'>,
): Promise<Carried[]> {
  const ours = excludeSchemas.includes('cron') ? undefined : await lookAtJobs(from);
  if (!ours || ours.jobs.length === 0) return [];
  const [there] = await to.query(cron.cronExists());
  if (!there?.exists) return ours.jobs.map((job) => ({ object: titleOf(job), rows: 0, left: 'pg_cron is not there' }));
  return asWriter(to, async (session) => {
    const theirs = await jobsOf(session);
    const known = new Set((await session.query(cron.rolesNamed(ours.jobs.map(({ username }) => username)))).map(({ name }) => name));
    const carried: Carried[] = [];
    for (const pair of pairJobs(ours.jobs, theirs?.jobs ?? [])) {
      if (theirs) carried.push(await carryJob(session, theirs.rights, pair, known));
    }
    return carried;
  });
}

const SAVEPOINT = 'savepoint one_job';
const BACK_TO_IT = 'rollback to savepoint one_job';

async function carryJob(
  session: Pick<Session, 'query' | 'script'>,
  rights: cron.CronRights,
  { job, twin }: JobPair,
  known: ReadonlySet<string>,
): Promise<Carried> {
  const object = titleOf(job);
  await session.script(SAVEPOINT);
  try {
    if (!twin) return { object, rows: 1, left: await makeJob(session, rights, job, known) };
    if (twin.schedule === job.schedule && twin.command === job.command) return { object, rows: 0, left: null };
    if (!mayChange(rights, twin)) return { object, rows: 0, left: 'it has changed, and our role may not change it' };
    await session.query(writesTable(rights, twin) ? cron.updateJob(twin.id, job) : cron.alterJob(twin.id, job));
    return { object, rows: 1, left: null };
  } catch (error) {
    const left = refusalOf(error);
    await session.script(BACK_TO_IT);
    return { object, rows: 0, left };
  }
}

/** Whether our role could make a job that is not there. */
export const mayMake = (rights: cron.CronRights, { name }: cron.Job): boolean =>
  (rights.inserts && (!rights.limited || rights.updates)) || (name === null ? rights.alters : rights.schedules);

/** @returns a note for the operator; null where the job is the same as before */
async function makeJob(
  session: Pick<Session, 'query'>,
  rights: cron.CronRights,
  job: cron.Job,
  known: ReadonlySet<string>,
): Promise<string | null> {
  const username = known.has(job.username) ? job.username : rights.user;
  const made: cron.NewJob = { ...job, username };
  if (rights.inserts && isOwn(rights, username)) await session.query(cron.insertJob(made));
  else if (rights.schedules && job.name !== null) await session.query(cron.scheduleJob(made));
  else if (rights.alters && job.name === null) {
    const [scheduled] = await session.query(cron.scheduleUnnamedJob(made));
    if (scheduled) await session.query(cron.alterJobActive(scheduled.id, false));
  } else return 'our role may not make it';
  const runsAs = rights.inserts && isOwn(rights, username) ? username : rights.user;
  return runsAs === job.username
    ? null
    : `it runs as ${runsAs}, since our role may not make it run as ${job.username}, or there is no such role`;
}
