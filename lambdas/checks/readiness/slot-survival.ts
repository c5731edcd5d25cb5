/**
 * Whether the slot of the reverse stream would survive a switchover of the target. Maintenance, a resize and a restart each promote a replica,
 * which has a slot only if it was made for that (the switch makes it so), both settings are on, and its name is in a list of the cluster's
 * (https://planetscale.com/docs/postgres/integrations/logical-cdc). The list is PlanetScale's own: no SQL shows it, its API may.
 */
import { subscriptionName } from '../../config/names.ts';
import type { Reader } from '../../ports/database.ts';
import type { PlanetScaleView } from '../../ports/planetscale.ts';
import { FAILOVER_SLOTS_SINCE } from '../../replication/slots.sql.ts';
import { namesIn, slotListIn } from '../../target/slot-list.ts';
import { type Finding, warning } from '../finding.ts';
import type { ReadinessCheck } from './context.ts';
import { type Values, valuesOf } from './settings.ts';
import { targetSettings } from './target-settings.ts';

const SETTINGS = ['sync_replication_slots', 'hot_standby_feedback'] as const;

const MESSAGE =
  'A switchover of the target (maintenance, a resize, a restart) takes the slot of the stream back with it, so after the switch to the target it would end the way ' +
  'back to the source. Nothing else of the migration is touched by one.';

/** Whether the name of a slot is in the list; unknown where there is no token, the API does not answer, or shows no list. */
export type ListEntry = 'listed' | 'missing' | 'unknown';

export async function entryOf(slot: string, planetscale: PlanetScaleView): Promise<ListEntry> {
  if (!planetscale.configured) return 'unknown';
  try {
    const list = slotListIn(await planetscale.parameters());
    if (!list) return 'unknown';
    return namesIn(list.value).includes(slot) ? 'listed' : 'missing';
  } catch {
    return 'unknown'; // the name is asked for, then, as without a token
  }
}

export interface Survival {
  /** Settings that will be in force, without those that another check tells of. @default - those that are */
  readonly values?: Values;
  readonly entry: ListEntry;
}

/** @param slot of the reverse stream, which need not exist yet */
export async function slotSurvival(
  target: Reader,
  version: number,
  slot: string,
  { values: known, entry }: Survival,
): Promise<readonly Finding[]> {
  if (version < FAILOVER_SLOTS_SINCE) {
    return [
      {
        code: 'SlotLostAtSwitchover',
        severity: 'warning',
        objects: [`target: PostgreSQL ${version}`],
        message: `${MESSAGE} Servers before version ${FAILOVER_SLOTS_SINCE} know no slot that survives.`,
        remedy: 'Let nothing switch the target over for as long as the way back is wanted.',
      },
    ];
  }
  const values = known ?? (await valuesOf(target, SETTINGS));
  return [
    ...warning({
      code: 'SlotLostAtSwitchover',
      objects: SETTINGS.filter((name) => values.get(name) !== 'on').map((name) => `target: ${name} = ${values.get(name) ?? 'unknown'}`),
      message: MESSAGE,
      remedy: 'Set both to on under Clusters → Parameters before Cutover (a reload, no restart), and leave them so until Cleanup.',
    }),
    ...warning({
      code: 'SlotNameToEnter',
      objects: entry === 'listed' ? [] : [slot],
      message:
        'The slot of the stream back survives a switchover of the target only if its name is in the list of logical slots of the cluster. ' +
        (entry === 'missing' ? 'It is not in there.' : 'That list cannot be read from here.'),
      remedy: `Enter ${slot} under Clusters → Parameters → Failover before Cutover, and take it out after Cleanup.`,
    }),
  ];
}

export const slotOfTheWayBack: ReadinessCheck = {
  name: 'what a switchover of the target does to the stream back',
  async find(ctx) {
    const { source, target, targetVersion, targetPlan, input } = ctx;
    if (input.reverse === false) return [];
    const { values, told } = await targetSettings(ctx, SETTINGS);
    const planned = await targetPlan();
    // A name that is to enter is told of with what will be changed, or with what cannot be.
    const entry = planned.kind === 'planned' && planned.plan.slot.status !== 'by hand' ? 'listed' : 'unknown';
    const toTell = new Map([...values, ...[...told].map((name) => [name, 'on'] as const)]);
    return slotSurvival(target, targetVersion, subscriptionName(source.endpoint.database, 'reverse'), { values: toTell, entry });
  },
};
