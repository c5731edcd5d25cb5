/** Settings of a server as numbers, and of the source as they will be once the migration's parameter group is attached. */
import { streamsAlready } from '../../cluster/parameters.ts';
import type { ClusterView, Parameter } from '../../ports/cluster.ts';
import type { Reader } from '../../ports/database.ts';
import type { CheckContext } from './context.ts';
import { settings } from './servers.sql.ts';

export type Values = ReadonlyMap<string, string>;

export async function valuesOf(reader: Reader, names: readonly string[]): Promise<Values> {
  return new Map((await reader.query(settings(names))).map(({ name, value }) => [name, value]));
}

/** NaN where the server does not know the setting; every comparison with it must then be false for "enough". */
export const numberOf = (values: Values, name: string): number => Number(values.get(name) ?? Number.NaN);

export interface Prospect {
  readonly values: Values;
  /** Whether values come from a parameter group that a reboot will bring into force. */
  readonly managed: boolean;
  /** `wal_level` when everything is in force. */
  readonly walLevel: string;
}

/** Whether a value of a parameter group is a number: RDS allows formulas such as `{DBInstanceVCPU*2}`, which only the server evaluates. */
const isPlainNumber = (value: string): boolean => /^\d+$/.test(value);

/** The engine's own groups hold nothing that a user has set. */
const DEFAULT_GROUP = /^default\./;

/** The parameter groups that will be in force: the attached one alone if it suffices, else ours, into which the attached one is carried over. */
async function groupsToCome(cluster: ClusterView, attached: string): Promise<Parameter[]> {
  const theirs = DEFAULT_GROUP.test(attached) || attached === cluster.migrationGroup ? [] : await cluster.userParameters(attached);
  return streamsAlready(theirs) ? theirs : [...theirs, ...(await cluster.userParameters(cluster.migrationGroup))];
}

/** Settings of the source as they will be when ConfigureSource has done its work; as they are where RDS does not manage the server. */
export async function sourceProspect({ source, cluster }: CheckContext, names: readonly string[]): Promise<Prospect> {
  const values = new Map(await valuesOf(source, [...names, 'wal_level']));
  const now = values.get('wal_level') ?? '';
  const state = await cluster.describe();
  if (!state) return { values, managed: false, walLevel: now };
  const parameters = await groupsToCome(cluster, state.parameterGroup);
  for (const { name, value } of parameters) {
    // Of a count that both groups set, the larger value will be in force (carryOver in cluster-parameters.ts).
    if (names.includes(name) && isPlainNumber(value)) values.set(name, String(Math.max(Number(value), numberOf(values, name) || 0)));
  }
  const willDecode = parameters.some(({ name, value }) => name === 'rds.logical_replication' && value === '1');
  return { values, managed: true, walLevel: willDecode ? 'logical' : now };
}
