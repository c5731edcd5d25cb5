/**
 * Whether the slot of the reverse stream would survive a switchover of the target. Maintenance, a resize and a restart each promote a replica,
 * which has a slot only if it was made for that (the switch makes it so), both settings are on, and its name is in a list of the cluster's
 * (https://planetscale.com/docs/postgres/integrations/logical-cdc). The list is PlanetScale's own: no SQL shows it.
 */
import { subscriptionName } from '../../config/names.ts';
import type { Reader } from '../../ports/database.ts';
import { FAILOVER_SLOTS_SINCE } from '../../replication/slots.sql.ts';
import { type Finding, warning } from '../finding.ts';
import type { ReadinessCheck } from './context.ts';
import { valuesOf } from './settings.ts';

const SETTINGS = ['sync_replication_slots', 'hot_standby_feedback'] as const;

const MESSAGE =
  'A switchover of the target (maintenance, a resize, a restart) takes the slot of the stream back with it, so after the switch to the target it would end the way ' +
  'back to the source. Nothing else of the migration is touched by one.';

/** @param slot of the reverse stream, which need not exist yet */
export async function slotSurvival(target: Reader, version: number, slot: string): Promise<Finding[]> {
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
  const values = await valuesOf(target, SETTINGS);
  return [
    ...warning({
      code: 'SlotLostAtSwitchover',
      objects: SETTINGS.filter((name) => values.get(name) !== 'on').map((name) => `target: ${name} = ${values.get(name) ?? 'unknown'}`),
      message: MESSAGE,
      remedy: 'Set both to on under Clusters → Parameters before Cutover (a reload, no restart), and leave them so until Cleanup.',
    }),
    {
      code: 'SlotNameToEnter',
      severity: 'warning',
      objects: [slot],
      message:
        'The slot of the stream back survives a switchover of the target only if its name is in the list of logical slots of the cluster. That list ' +
        'cannot be read from here.',
      remedy: `Enter ${slot} under Clusters → Parameters → Failover before Cutover, and take it out after Cleanup.`,
    },
  ];
}

export const slotOfTheWayBack: ReadinessCheck = {
  name: 'what a switchover of the target does to the stream back',
  find: async ({ source, target, targetVersion, input }) =>
    input.reverse === false ? [] : slotSurvival(target, targetVersion, subscriptionName(source.endpoint.database, 'reverse')),
};
