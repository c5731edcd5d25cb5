/** A plan → what is recorded before, and what PlanetScale is asked for. */
import type { Tags } from '../ports/cluster.ts';
import type { ChangeRequest, ParameterValues, WantedChange } from '../ports/planetscale.ts';
import { branchName, keysOfEntry, MOST_TAGS, type ParameterRecord, type TargetRecord, tagsOf } from './journal.ts';
import type { TargetPlan, TargetView } from './plan.ts';
import type { PlannedChange } from './setting.ts';
import { KINDS, type SettingName } from './settings.ts';
import { namesIn } from './slot-list.ts';
import { settingOf } from './values.ts';

const isKnown = (name: string): name is SettingName => Object.hasOwn(KINDS, name);

/** Whether two values of a parameter say the same, as the API may write it in its own way. */
export function sameValue(name: string, one: string, other: string): boolean {
  if (one === other) return true;
  if (!isKnown(name)) return false;
  const [a, b] = [one, other].map((value) => settingOf(KINDS[name], value));
  return a !== undefined && a === b;
}

export const changesAnything = ({ changes, storage }: Pick<TargetPlan, 'changes' | 'storage'>): boolean =>
  changes.length > 0 || storage !== undefined;

const isOfSlotList = ({ slot }: TargetPlan, { namespace, name }: PlannedChange): boolean =>
  slot.parameter?.namespace === namespace && slot.parameter.name === name;

/**
 * What was there before stays recorded as long as every value since was ours. Where somebody has changed it meanwhile, theirs is what was there before.
 */
function parameterRecord({ namespace, name, from, to }: PlannedChange, recorded: readonly ParameterRecord[]): ParameterRecord {
  const before = recorded.find((entry) => entry.namespace === namespace && entry.name === name);
  const isOurs = before !== undefined && [before.was, ...before.sets].some((value) => sameValue(name, value, from));
  if (!isOurs) return { namespace, name, was: from, sets: [to] };
  return { namespace, name, was: before.was, sets: [...before.sets.filter((value) => value !== to), to] };
}

/** The entries to write before the plan is carried out. */
export function recordFor(plan: TargetPlan, { branch }: Pick<TargetView, 'branch'>, recorded: TargetRecord): TargetRecord {
  const { parameter, name } = plan.slot;
  const parameters = plan.changes.filter((change) => !isOfSlotList(plan, change));
  return {
    branch: branchName(branch),
    parameters: parameters.map((change) => parameterRecord(change, recorded.parameters ?? [])),
    ...(parameter && plan.changes.length > parameters.length && { slot: { ...parameter, slot: name } }),
    ...(plan.storage && { disk: { was: recorded.disk?.was ?? String(plan.storage.from), set: String(plan.storage.to) } }),
  };
}

/** @returns tags to write, further tags of the same entries that are not of use any more, and whether a secret may hold so many */
export function tagsToWrite(stack: string, tags: Tags, record: TargetRecord): { write: Tags; stale: string[]; fits: boolean } {
  const write = tagsOf(stack, record);
  const entries = new Set(Object.keys(write).map((key) => key.slice(key.lastIndexOf(':') + 1).replace(/-[0-9]+$/, '')));
  const stale = [...entries].flatMap((entry) => keysOfEntry(stack, tags, entry)).filter((key) => !Object.hasOwn(write, key));
  return { write, stale, fits: new Set([...Object.keys(tags), ...Object.keys(write)]).size <= MOST_TAGS };
}

function byNamespace(changes: readonly Pick<PlannedChange, 'namespace' | 'name' | 'to'>[]): ParameterValues {
  const spaces: Record<string, Record<string, string>> = {};
  for (const { namespace, name, to } of changes) spaces[namespace] = { ...spaces[namespace], [name]: to };
  return spaces;
}

/** What PlanetScale is asked for. */
export const wantedBy = ({
  changes,
  storage,
}: Pick<TargetPlan, 'storage'> & {
  readonly changes: readonly Pick<PlannedChange, 'namespace' | 'name' | 'to'>[];
}): WantedChange => ({
  ...(changes.length > 0 && { parameters: byNamespace(changes) }),
  ...(storage && {
    storage: { minimumBytes: storage.to, ...(storage.maximumBytes !== undefined && { maximumBytes: storage.maximumBytes }) },
  }),
});

/**
 * A change that has ended since this execution began, and that the plan would ask for again: it was canceled, or is not in the parameters for all
 * that it was completed. It is asked for once in an execution.
 */
export function endedInVain(
  plan: Pick<TargetPlan, 'storage'> & { readonly changes: readonly Pick<PlannedChange, 'namespace' | 'name' | 'to'>[] },
  changes: readonly ChangeRequest[],
  knownBefore: string | undefined,
): ChangeRequest | undefined {
  const known = changes.findIndex(({ id }) => id === knownBefore);
  const since = known === -1 ? (knownBefore === undefined ? [] : changes) : changes.slice(0, known);
  return since.find(
    ({ state, parameters, minimumStorageBytes }) =>
      (state === 'canceled' || state === 'completed') &&
      (plan.changes.some(({ namespace, name, to }) => isAskedFor(name, parameters[namespace]?.[name], to)) ||
        (plan.storage !== undefined && minimumStorageBytes !== undefined && minimumStorageBytes >= plan.storage.to)),
  );
}

const isAskedFor = (name: string, value: string | undefined, to: string): boolean => value !== undefined && sameValue(name, value, to);

/** Id by which a visit knows the changes that came after it, where there was none yet. */
export const NO_CHANGE = 'none';
export const newestOf = (changes: readonly ChangeRequest[]): string => changes[0]?.id ?? NO_CHANGE;

/** A list's value without a name, and with those that others have entered. */
export const without = (value: string, name: string): string[] => namesIn(value).filter((entry) => entry !== name);
