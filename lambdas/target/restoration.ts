/** What RestoreTarget has to put back: values that are still as we set them. Values that others have changed since stay, and are reported. */
import type { Tags } from '../ports/cluster.ts';
import type { ChangeRequest, ClusterParameter } from '../ports/planetscale.ts';
import { keysOfParameter, keysOfSlot, type TargetRecord } from './journal.ts';
import type { Kept } from './kept.sql.ts';
import { endedInVain, sameValue, without } from './setup.ts';
import { listOf, namesIn } from './slot-list.ts';

export interface Returned {
  readonly namespace: string;
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly restarts: boolean;
}

export interface Restoration {
  readonly put: readonly Returned[];
  /** What stays as it is for now, and is put back by a later Cleanup, in sentences. */
  readonly waiting: readonly string[];
  /** What differs from before the migration and stays so, in sentences. */
  readonly leftAlone: readonly string[];
  /** Tags of what is settled: as it was, or another's. */
  readonly settled: readonly string[];
}

export interface RestorationInput {
  readonly stack: string;
  readonly tags: Tags;
  readonly record: TargetRecord;
  readonly parameters: readonly ClusterParameter[];
  /** Why nothing may be restarted; undefined where it may. */
  readonly noRestart: string | undefined;
  /** @default - not known, since there is no login */
  readonly kept: Kept | undefined;
  /** Other stacks that have changed the same branch. */
  readonly others: readonly string[];
}

const NOTHING: Restoration = { put: [], waiting: [], leftAlone: [], settled: [] };

export function restorationOf(given: RestorationInput): Restoration {
  const { record } = given;
  const all = [...(record.parameters ?? []).map((entry) => ofParameter(given, entry)), ofSlot(given)];
  return {
    put: all.flatMap(({ put }) => put),
    waiting: all.flatMap(({ waiting }) => waiting),
    leftAlone: all.flatMap(({ leftAlone }) => leftAlone),
    settled: all.flatMap(({ settled }) => settled),
  };
}

/** A change that has ended without effect is asked for once in an execution: it may have cost a restart. */
export function askedOnce(restoration: Restoration, changes: readonly ChangeRequest[], knownBefore: string): Restoration {
  const vain = endedInVain({ changes: restoration.put, storage: undefined }, changes, knownBefore);
  if (!vain) return restoration;
  const waiting = restoration.put.map(
    ({ name, from, to }) =>
      `${name} is still ${from}; before the migration it was ${to}. The change ${vain.id} at PlanetScale was ${vain.state}: find out why, then start Cleanup again.`,
  );
  return { ...restoration, put: [], waiting: [...restoration.waiting, ...waiting] };
}

function ofParameter(
  { stack, tags, parameters, noRestart, kept, others }: RestorationInput,
  entry: NonNullable<TargetRecord['parameters']>[number],
): Restoration {
  const { namespace, name, was, sets } = entry;
  const settled = keysOfParameter(stack, tags, entry);
  const now = parameters.find((parameter) => parameter.namespace === namespace && parameter.name === name);
  if (!now) return { ...NOTHING, settled, leftAlone: [`PlanetScale no longer tells ${name}, which was ${was} before the migration.`] };
  if (sameValue(name, now.value, was)) return { ...NOTHING, settled };
  if (!sets.some((value) => sameValue(name, value, now.value))) {
    return { ...NOTHING, settled, leftAlone: [`${name} is ${now.value}, which was set meanwhile; before the migration it was ${was}.`] };
  }
  const still = `${name} is still ${now.value}; before the migration it was ${was}.`;
  if (others.length > 0)
    return {
      ...NOTHING,
      waiting: [`${still} The migration of ${others.join(', ')} uses the same branch: start Cleanup again once that has ended.`],
    };
  const needed = neededFor(name, was, kept);
  if (needed !== undefined) return { ...NOTHING, waiting: [`${still} ${needed}`] };
  if (now.restarts && noRestart !== undefined) return { ...NOTHING, waiting: [`${still} ${noRestart}`] };
  if (!isOffered(now, was)) return { ...NOTHING, settled, leftAlone: [`${still} PlanetScale does not take that value any more.`] };
  return { ...NOTHING, put: [{ namespace, name, from: now.value, to: was, restarts: now.restarts }] };
}

/** Why the server would not start with the value from before; undefined where it would. */
function neededFor(name: string, was: string, kept: Kept | undefined): string | undefined {
  const keeps: Readonly<Record<string, number | undefined>> = {
    wal_level: was === 'logical' ? 0 : kept?.logicalSlots,
    max_replication_slots: kept && Math.max(kept.slots, kept.origins),
    max_active_replication_origins: kept?.origins,
  };
  if (!Object.hasOwn(keeps, name)) return undefined;
  if (!kept)
    return 'Without a login nobody can see whether slots or subscriptions of others need it, without which the server would not start: set it back at PlanetScale.';
  const room = name === 'wal_level' ? 0 : Number(was);
  if ((keeps[name] ?? 0) <= room) return undefined;
  return 'Slots or subscriptions of others need it, and the server would not start with less. End them, then start Cleanup again.';
}

/** Whether the API would take the value: a cluster may have been resized since. */
function isOffered({ isImmutable, min, max, options }: ClusterParameter, value: string): boolean {
  const number = Number(value);
  const isWithin =
    value.trim() === '' || Number.isNaN(number) || ((min === undefined || number >= min) && (max === undefined || number <= max));
  return !isImmutable && isWithin && (!options || options.length === 0 || options.includes(value));
}

/** Our name goes, whatever else was entered meanwhile. */
function ofSlot({ stack, tags, record: { slot }, parameters, noRestart }: RestorationInput): Restoration {
  if (!slot) return NOTHING;
  const settled = keysOfSlot(stack, tags);
  const list = parameters.find(({ namespace, name }) => namespace === slot.namespace && name === slot.name);
  if (!list || !namesIn(list.value).includes(slot.slot)) return { ...NOTHING, settled };
  if (list.restarts && noRestart !== undefined) return { ...NOTHING, waiting: [`${slot.slot} is still in ${slot.name}. ${noRestart}`] };
  const to = listOf(without(list.value, slot.slot), list);
  return { ...NOTHING, put: [{ namespace: slot.namespace, name: slot.name, from: list.value, to, restarts: list.restarts }] };
}
