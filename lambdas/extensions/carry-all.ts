/** All rows that extensions mark as their configuration, jobs included. */
import type { Exclusions } from '../config/input.ts';
import type { Json } from '../config/json.ts';
import type { Database, Reader } from '../ports/database.ts';
import { createRowsRecord, recordRows, rowsRecordExists, rowsRecorded } from '../state/carried-rows.sql.ts';
import { createHeartbeat } from '../state/heartbeat.sql.ts';
import { type Carried, carryRows } from './carry.ts';
import { carryJobs, lookAtJobs } from './jobs.ts';
import { markedPairs } from './look.ts';

export const carryConfiguration = async (from: Reader, to: Database, input: Exclusions): Promise<Carried[]> => [
  ...(await carryRows(from, to, input)),
  ...(await carryJobs(from, to, input)),
];

/** The rows that this execution has carried, or whether it has to. */
export type Configuration = 'none' | 'to be carried' | readonly Carried[];

export async function lookAtConfiguration(from: Reader, to: Reader, input: Exclusions, execution: string): Promise<Configuration> {
  const [there] = await to.query(rowsRecordExists());
  const [record] = there?.exists ? await to.query(rowsRecorded<readonly Carried[]>(execution)) : [];
  if (record) return record.outcome;
  if ((await markedPairs(from, to, input)).length > 0) return 'to be carried';
  return (await lookAtJobs(from))?.jobs.length ? 'to be carried' : 'none';
}

/** Carries once per execution: an extension in use keeps changing its rows, so a difference does not mean that it was not done. */
export async function carryOnce(from: Reader, to: Database, input: Exclusions, execution: string): Promise<void> {
  const carried = await carryConfiguration(from, to, input);
  await to.query(createHeartbeat());
  await to.query(createRowsRecord());
  await to.query(recordRows(execution, JSON.stringify(carried)));
}

/** Step Functions keeps 256 KiB of state for all steps together. */
const MOST_SHOWN = 50;

export const carriedEvidence = (carried: readonly Carried[]): Json =>
  carried
    .filter(({ rows, left }) => rows > 0 || left !== null)
    .slice(0, MOST_SHOWN)
    .map(({ object, rows, left }) => ({ object, rows, left }));
