/** Room for replication: wal_level, slots, senders and workers, judged by what will be in force when the source is configured. */
import { subscriptionName } from '../../config/names.ts';
import * as known from '../../target/settings.ts';
import { blocker, type Finding, warning } from '../finding.ts';
import { onTargetIfKnown } from '../known.ts';
import type { CheckContext, ReadinessCheck } from './context.ts';
import { otherSubscriptions, replicationUse } from './servers.sql.ts';
import { numberOf, sourceProspect } from './settings.ts';
import { targetSettings } from './target-settings.ts';

export const walLevel: ReadinessCheck = {
  name: 'wal_level of the source',
  async find(ctx) {
    const { values, managed, walLevel: then } = await sourceProspect(ctx, []);
    const now = values.get('wal_level');
    if (now === 'logical') return [];
    if (then === 'logical') {
      return [
        {
          code: 'WalLevelWillChange',
          severity: 'warning',
          objects: [`wal_level = ${now}`],
          message: 'The source does not decode its WAL logically yet. ConfigureSource attaches a parameter group that makes it.',
          remedy: 'Plan a reboot of the writer instance: start with {"reboot": "now"}, or reboot it yourself when ConfigureSource asks.',
        },
      ];
    }
    return [
      {
        code: 'WalLevelNotLogical',
        severity: 'blocker',
        objects: [`wal_level = ${now}`],
        message: 'The source does not decode its WAL logically, and nothing in this deployment will change that.',
        remedy: managed
          ? 'Set rds.logical_replication = 1 in the parameter group of the migration.'
          : "Set wal_level = logical (rds.logical_replication = 1 on RDS) and restart the server, as the guide's step 2 says.",
      },
    ];
  },
};

const SYNC_WORKERS = 'max_sync_workers_per_subscription';

/** Tables that are copied at a time. */
async function copiedAtOnce(ctx: CheckContext): Promise<number> {
  const { values } = await targetSettings(ctx, [SYNC_WORKERS]);
  return numberOf(values, SYNC_WORKERS) || 1;
}

export const sourceReplication: ReadinessCheck = {
  name: 'slots and senders of the source',
  async find(ctx) {
    let copied = 1;
    const passedOver = await onTargetIfKnown(async () => {
      copied = await copiedAtOnce(ctx);
      return [];
    });
    const needed = 1 + copied;
    const { values } = await sourceProspect(ctx, ['max_replication_slots', 'max_wal_senders']);
    const [use] = await ctx.source.query(replicationUse(subscriptionName(ctx.source.endpoint.database)));
    const lacking = (
      [
        ['max_replication_slots', use?.slots],
        ['max_wal_senders', use?.senders],
      ] as const
    ).flatMap(([name, used]) => {
      const most = numberOf(values, name);
      return used !== undefined && most - used >= needed ? [] : [`${name} = ${most}, ${used} in use, ${needed} needed`];
    });
    const findings = blocker({
      code: 'TooFewSlotsOrSenders',
      objects: lacking,
      message: 'Each table that is copied takes a slot and a sender on the source, and the subscription takes one of each for itself.',
      remedy: 'Raise the setting on the source and restart it, or drop slots that are not needed any more.',
    });
    return [...findings, ...passedOver];
  },
};

export const sourceWorkers: ReadinessCheck = {
  name: 'worker processes of the source',
  async find(ctx) {
    const { values } = await sourceProspect(ctx, ['max_worker_processes']);
    const most = numberOf(values, 'max_worker_processes');
    return warning({
      code: 'FewSourceWorkers',
      objects: most >= known.WORKERS_OF_THE_GUIDE ? [] : [`max_worker_processes = ${most}`],
      message: `The guide asks for ${known.WORKERS_OF_THE_GUIDE} worker processes on the source. Sending changes takes none, but pglogical, where it is preloaded, takes some.`,
      remedy: 'Raise max_worker_processes with the next restart if you use parallel queries heavily.',
    });
  },
};

export const targetWorkers: ReadinessCheck = {
  name: 'replication workers of the target',
  async find(ctx) {
    const { source, target, targetVersion } = ctx;
    const origins = known.originSetting(targetVersion);
    const names = ['max_logical_replication_workers', SYNC_WORKERS, 'max_worker_processes', origins];
    const { values, told } = await targetSettings(ctx, names);
    const [others] = await target.query(otherSubscriptions(subscriptionName(source.endpoint.database)));
    const applying = others?.count ?? 0;
    const syncing = numberOf(values, SYNC_WORKERS);
    const bounds = [
      { name: 'max_logical_replication_workers', least: known.LEAST_WORKERS + applying, good: 1 + syncing + applying },
      { name: SYNC_WORKERS, least: 1, good: 1 },
      { name: 'max_worker_processes', least: known.LAUNCHER + known.LEAST_WORKERS + applying, good: known.WORKERS_OF_THE_GUIDE },
      { name: origins, least: known.LEAST_WORKERS + applying, good: 1 + syncing + applying },
    ];
    const below = (bound: 'least' | 'good') =>
      bounds
        .filter((setting) => !told.has(setting.name) && !(numberOf(values, setting.name) >= setting[bound]))
        .map((setting) => `${setting.name} = ${values.get(setting.name) ?? 'unknown'}, ${setting[bound]} needed`);
    const tooFew = below('least');
    const remedy = `Raise it in PlanetScale's cluster configuration; max_worker_processes should be ${known.WORKERS_OF_THE_GUIDE} or more, and needs a restart.`;
    const findings: Finding[] = [
      ...blocker({
        code: 'TooFewTargetWorkers',
        objects: tooFew,
        message: 'The target cannot start the workers that apply changes and copy tables, so the copy would never begin or never end.',
        remedy,
      }),
      ...warning({
        code: 'FewTargetWorkers',
        objects: below('good').filter((text) => !tooFew.some((other) => other.split(' ', 1)[0] === text.split(' ', 1)[0])),
        message: 'The target has few workers, so fewer tables than possible are copied at a time.',
        remedy,
      }),
    ];
    return findings;
  },
};
