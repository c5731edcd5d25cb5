/** What ConfigureTarget would change at PlanetScale, decided from one look: nothing here changes anything. */
import { TargetNotKnown } from '../config/errors.ts';
import type { MigrationInput } from '../config/input.ts';
import type { Reader } from '../ports/database.ts';
import type { Branch, ChangeRequest, ClusterParameter, PlanetScaleView } from '../ports/planetscale.ts';
import { FAILOVER_SLOTS_SINCE } from '../replication/slots.sql.ts';
import { diskFor, needsOf } from './needs.ts';
import { otherBranch } from './refusals.ts';
import { leadsElsewhere } from './role.ts';
import { serverOf, type TargetServer } from './server.ts';
import { judgeSetting, mayRestart, type NotInForce, type Obstacle, type Outcome, type PlannedChange, whyNoRestart } from './setting.ts';
import { KINDS } from './settings.ts';
import { listOf, namesIn, slotListIn } from './slot-list.ts';
import { diskBy, gibibytes, isUnderWay, type StoragePlan, storageFor } from './storage.ts';
import { bytesOf, settingOf } from './values.ts';
import { type Work, workOf } from './work.ts';

/** What PlanetScale's API, the target's server and the source say. */
export interface TargetView {
  readonly branch: Branch;
  readonly parameters: readonly ClusterParameter[];
  /** The newest first. */
  readonly changes: readonly ChangeRequest[];
  readonly work: Work;
  /** Undefined where the target has no login yet. */
  readonly server: TargetServer | undefined;
}

/** Where the name of the reverse stream's slot stands. */
export interface SlotPlan {
  readonly name: string;
  /** `by hand`: no parameter of the API was found to be the list. */
  readonly status: 'not needed' | 'listed' | 'to enter' | 'by hand';
  /** The list. */
  readonly parameter: { readonly namespace: string; readonly name: string } | undefined;
}

export interface TargetPlan {
  /** Whether the login is given, or has to be made first: then the rest is by the API's values alone. */
  readonly role: 'given' | 'to make';
  readonly changes: readonly PlannedChange[];
  /** @default - the disk stays */
  readonly storage: StoragePlan | undefined;
  readonly slot: SlotPlan;
  readonly obstacles: readonly Obstacle[];
  readonly notInForce: readonly NotInForce[];
  /** Somebody's change that has to end before. */
  readonly underWay: ChangeRequest | undefined;
}

/** Ports by which the target is looked at. */
export interface TargetPorts {
  readonly planetscale: PlanetScaleView;
  readonly source: Reader;
  /** Undefined, or one that throws {@link TargetNotKnown}, where the target has no login yet. */
  readonly target: Reader | undefined;
  readonly input: MigrationInput;
}

/** User of the login; undefined where there is none. */
function userOf(target: Reader | undefined): string | undefined {
  try {
    return target?.endpoint.user;
  } catch (error) {
    if (error instanceof TargetNotKnown) return undefined;
    throw error;
  }
}

/** Only with a token. @throws TargetNotConfigurable where the login is of another branch */
export async function lookAtTarget({ planetscale, source, target, input }: TargetPorts): Promise<TargetView> {
  const work = await workOf(source, input);
  const branch = await planetscale.branch();
  const user = userOf(target);
  if (user !== undefined && leadsElsewhere(user, await planetscale.roles())) throw otherBranch(user, branch);
  return {
    branch,
    // Before the server is asked, so that a change that ends meanwhile is taken for one that is still under way.
    changes: await planetscale.changes(),
    parameters: await planetscale.parameters(),
    work,
    server: await serverIfKnown(target, source, work),
  };
}

async function serverIfKnown(target: Reader | undefined, source: Reader, work: Work): Promise<TargetServer | undefined> {
  if (!target) return undefined;
  try {
    return await serverOf(target, source, work);
  } catch (error) {
    if (error instanceof TargetNotKnown) return undefined;
    throw error;
  }
}

/** Of PostgreSQL's own, not of its pooler. */
const parameterNamed = (parameters: readonly ClusterParameter[], name: string): ClusterParameter | undefined =>
  parameters.find((parameter) => parameter.name === name && parameter.namespace === 'pgconf') ??
  parameters.find((parameter) => parameter.name === name && parameter.namespace !== 'pgbouncer');

/** The API's values as pg_settings would have them. */
function configured(parameters: readonly ClusterParameter[]): Map<string, string> {
  const values = Object.entries(KINDS).flatMap(([name, kind]) => {
    const parameter = parameterNamed(parameters, name);
    const value = parameter && (name === 'shared_buffers' ? blocksOf(parameter.value) : settingOf(kind, parameter.value));
    return value === undefined ? [] : [[name, value] as const];
  });
  return new Map(values);
}

const BLOCK = 8_192;
const blocksOf = (value: string): string | undefined => {
  const bytes = bytesOf(value, BLOCK);
  return bytes === undefined ? undefined : String(Math.floor(bytes / BLOCK));
};

/** The first version whose origins have a setting of their own, where nothing but the API's parameters tells the version. */
const versionBy = (parameters: readonly ClusterParameter[]): number =>
  parameterNamed(parameters, 'max_active_replication_origins') ? 18 : 17;

/** What an obstacle is about that concerns the disk. */
export const DISK = 'disk of the target';

export function planFor(view: TargetView, input: MigrationInput): TargetPlan {
  const { branch, parameters, changes, work, server } = view;
  const use = server?.use;
  const disk = diskBy(changes);
  const { storage, by } = storageFor(
    branch,
    disk,
    diskFor({ work, use }),
    mayRestart(server, input, true) ? undefined : whyNoRestart(server, 'Growing it'),
  );
  const settings = server?.settings ?? configured(parameters);
  const version = server?.version ?? versionBy(parameters);
  const needs = needsOf({
    work,
    version,
    settings,
    use,
    diskBytes: storage?.to ?? disk?.minimumBytes,
    hasBegun: server?.disturbed.copyHasBegun ?? false,
  });
  const judged = needs.map((need) => judgeSetting(need, settings.get(need.name), parameterNamed(parameters, need.name), { server, input }));
  const slot = slotOf(view, version, input);
  const all = [...judged, slot.outcome];
  return {
    role: server ? 'given' : 'to make',
    changes: all.flatMap(({ change }) => change ?? []),
    storage,
    slot: slot.plan,
    obstacles: [
      ...all.flatMap(({ obstacle }) => obstacle ?? []),
      ...(by === undefined ? [] : [{ what: DISK, remedy: by, isRequired: false }]),
    ],
    notInForce: all.flatMap(({ notInForce }) => notInForce ?? []),
    underWay: changes.find(isUnderWay),
  };
}

function slotOf(
  { parameters, work, server }: TargetView,
  version: number,
  input: MigrationInput,
): { readonly plan: SlotPlan; readonly outcome: Outcome } {
  const name = work.reverse;
  if (!work.hasWayBack || version < FAILOVER_SLOTS_SINCE)
    return { plan: { name, status: 'not needed', parameter: undefined }, outcome: {} };
  const list = slotListIn(parameters);
  if (!list) return { plan: { name, status: 'by hand', parameter: undefined }, outcome: {} };
  const parameter = { namespace: list.namespace, name: list.name };
  const names = namesIn(list.value);
  if (names.includes(name)) return { plan: { name, status: 'listed', parameter }, outcome: {} };
  if (list.restarts && !mayRestart(server, input, false)) {
    const obstacle = { what: `${name} is not in ${list.name}`, remedy: whyNoRestart(server), isRequired: false };
    return { plan: { name, status: 'to enter', parameter }, outcome: { obstacle } };
  }
  const change: PlannedChange = {
    ...parameter,
    from: list.value,
    to: listOf([...names, name], list),
    setting: undefined,
    restarts: list.restarts,
    isRequired: false,
    why: 'the slot of the stream back, which is to survive a switchover',
  };
  return { plan: { name, status: 'to enter', parameter }, outcome: { change } };
}

/** The settings that will be in force when the plan is carried out. @param values as pg_settings has them now */
export const prospectOf = ({ changes }: TargetPlan, values: ReadonlyMap<string, string>): Map<string, string> =>
  new Map([...values, ...changes.flatMap(({ name, setting }) => (setting === undefined ? [] : [[name, setting] as const]))]);

/** What would be changed, one sentence each, such as `max_worker_processes 4 → 16 (restart)`. */
export const describe = ({ role, changes, storage }: Pick<TargetPlan, 'role' | 'changes' | 'storage'>): string[] => [
  ...(role === 'to make' ? ['a role for the migration'] : []),
  ...changes.map(({ name, from, to, restarts }) => `${name} ${from || 'empty'} → ${to}${restarts ? ' (restart)' : ''}`),
  ...(storage ? [`disk ${gibibytes(storage.from)} → ${gibibytes(storage.to)}`] : []),
];
