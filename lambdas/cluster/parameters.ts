/** The parameters that the migration's parameter group takes over from the group that the user had attached. */
import type { Parameter } from '../ports/cluster.ts';

const LOGICAL = 'rds.logical_replication';
const PRELOAD = 'shared_preload_libraries';
/** Counts that may be larger than the migration needs: the larger of the two values is used. */
const SIZED = new Set([
  'max_replication_slots',
  'max_wal_senders',
  'max_logical_replication_workers',
  'max_worker_processes',
  'max_sync_workers_per_subscription',
]);
/** The guide asks for at least ten slots and senders ("Migrate from Aurora to PlanetScale", step 2); Aurora's own default is 20. */
const LEAST_SLOTS_AND_SENDERS = 10;

/** Parameters to write into the migration's group, and the names of those that could not be carried over. */
export interface CarryOver {
  readonly parameters: readonly Parameter[];
  readonly notCarried: readonly string[];
}

const isCount = (value: string): boolean => /^\d+$/.test(value);

function union(theirs: string, ours: string): string {
  const libraries = `${theirs},${ours}`.split(',').map((library) => library.trim());
  return [...new Set(libraries.filter((library) => library !== ''))].join(',');
}

/**
 * The user's own values win, except where the migration could not run with them: `rds.logical_replication` stays on, counts keep the
 * larger value, and preloaded libraries become the union of both. A count that RDS computes by a formula has no value to compare, so ours
 * stays and the name is reported.
 */
export function carryOver(theirs: readonly Parameter[], ours: readonly Parameter[]): CarryOver {
  const mine = new Map(ours.map((parameter) => [parameter.name, parameter.value]));
  const notCarried: string[] = [];
  const parameters = theirs.flatMap((parameter): Parameter[] => {
    const own = mine.get(parameter.name);
    if (own === undefined) return parameter.name === LOGICAL ? [] : [parameter];
    if (parameter.name === LOGICAL) return [];
    if (parameter.name === PRELOAD) return [{ ...parameter, value: union(parameter.value, own) }];
    if (!SIZED.has(parameter.name)) return [parameter];
    if (isCount(parameter.value) && isCount(own)) return Number(parameter.value) > Number(own) ? [parameter] : [];
    notCarried.push(parameter.name);
    return [];
  });
  return { parameters, notCarried };
}

/** Whether a cluster with these parameters can already stream, so that nothing has to be attached or rebooted. */
export function streamsAlready(theirs: readonly Parameter[]): boolean {
  const value = new Map(theirs.map((parameter) => [parameter.name, parameter.value]));
  const enough = (name: string): boolean => Number(value.get(name) ?? LEAST_SLOTS_AND_SENDERS) >= LEAST_SLOTS_AND_SENDERS;
  return value.get(LOGICAL) === '1' && enough('max_replication_slots') && enough('max_wal_senders');
}

/**
 * Names of the parameters in which a group and the one that it was carried over into differ. Those that the migration sets itself are left
 * out: of them ours was never theirs.
 */
export function differencesBetween(theirs: readonly Parameter[], ours: readonly Parameter[]): string[] {
  const [here, there] = [theirs, ours].map((group) => new Map(group.map(({ name, value }) => [name, value])));
  const names = [...theirs, ...ours].map(({ name }) => name).filter((name) => name !== LOGICAL && name !== PRELOAD && !SIZED.has(name));
  return [...new Set(names)].filter((name) => here?.get(name) !== there?.get(name)).sort();
}
