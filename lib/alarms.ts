/**
 * The alarms, as data; `monitoring.ts` builds them. Each alarm is an article of docs/alarms.md, under its title: what it means, how to
 * diagnose, what to do. Nothing is measured while no migration is open, so an alarm without data is quiet; a failure of the watch itself is
 * an alarm of its own.
 */
import type { MetricName } from '../lambdas/monitoring/metrics.ts';

export type AlarmName =
  | 'NoProgress'
  | 'LagGrowing'
  | 'StreamStopped'
  | 'WalKept'
  | 'WalRunsOut'
  | 'SlotLost'
  | 'HeartbeatGaps'
  | 'ErrorsCounted'
  | 'TransactionIdsHeldBack'
  | 'FenceHeld'
  | 'WatchBlind'
  | 'EntranceUnhealthy'
  | 'EntranceBlind';

export interface AlarmRule {
  /** Heading of its article. */
  readonly title: string;
  /** Its meaning, in one sentence. */
  readonly says: string;
  /** Its metric; where there is none, that of {@link of}. */
  readonly metric?: MetricName;
  /**
   * What else is measured: errors of the function that watches or of the one that follows the writer, or healthy targets of the load balancer. The
   * latter two are there only with a load balancer.
   */
  readonly of?: 'watch' | 'follower' | 'load balancer';
  readonly statistic: 'Maximum' | 'Minimum' | 'Sum';
  readonly is: 'at least' | 'less than';
  readonly threshold: number;
  /** Minutes that one value of the statistic stands for, and how many such values in a row it takes. */
  readonly minutes: number;
  readonly times: number;
  /** Goes off where the metric has grown from value to value, and is above the threshold. */
  readonly growing?: true;
  /** Goes off where nothing is measured, as well. @default - nothing is wrong then */
  readonly missing?: 'bad';
}

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

export const ALARMS: Readonly<Record<AlarmName, AlarmRule>> = {
  // AwaitCopy ends with CopyStalled after ten minutes; this one also sees a copy that no execution waits for.
  NoProgress: {
    title: 'No progress',
    says: 'The initial copy has not got further for half an hour.',
    metric: 'CopyIdleSeconds',
    statistic: 'Maximum',
    is: 'at least',
    threshold: 1_800,
    minutes: 5,
    times: 1,
  },
  // 16 MiB are one segment of WAL, by which an idle stream may be behind for a while; the minimum of five minutes ignores short bursts.
  LagGrowing: {
    title: 'Lag growing',
    says: 'The stream has fallen further behind in each of three times five minutes, and is more than 16 MiB behind.',
    metric: 'LagBytes',
    growing: true,
    statistic: 'Minimum',
    is: 'at least',
    threshold: 16 * MIB,
    minutes: 5,
    times: 3,
  },
  // A restart or a failover of a server is over in less, and then the worker starts by itself.
  StreamStopped: {
    title: 'Stream stopped',
    says: 'The subscription has not run for a quarter of an hour: it is disabled, as PlanetScale does when little of the disk is left, or fails again and again.',
    metric: 'SubscriptionRunning',
    statistic: 'Maximum',
    is: 'less than',
    threshold: 1,
    minutes: 5,
    times: 3,
  },
  // About 5 dollars a month on Aurora, and a quarter of an hour to work off at 50 MiB/s. The copy of a large table may keep this much.
  WalKept: {
    title: 'WAL kept',
    says: 'The publisher keeps more than 50 GiB of WAL for the stream.',
    metric: 'WalKeptBytes',
    statistic: 'Minimum',
    is: 'at least',
    threshold: 50 * GIB,
    minutes: 5,
    times: 3,
  },
  // A day is enough for an operator who is not on duty.
  WalRunsOut: {
    title: 'WAL runs out',
    says: 'At the pace of the last hour, the WAL kept for the stream reaches its limit, or the volume its largest size, within a day.',
    metric: 'WalHoursLeft',
    statistic: 'Maximum',
    is: 'less than',
    threshold: 24,
    minutes: 5,
    times: 3,
  },
  // Twice, because a run may fall between two actions of CreateSubscription, of a switch or of Cleanup.
  SlotLost: {
    title: 'Slot lost',
    says: 'The replication slot is gone, lost or another one, so changes may be missing on the subscriber.',
    metric: 'HistoryBroken',
    statistic: 'Minimum',
    is: 'at least',
    threshold: 1,
    minutes: 1,
    times: 2,
  },
  HeartbeatGaps: {
    title: 'Heartbeat gaps',
    says: 'Numbers are missing from the heartbeat on the subscriber: changes were lost.',
    metric: 'HeartbeatGaps',
    statistic: 'Minimum',
    is: 'at least',
    threshold: 1,
    minutes: 1,
    times: 2,
  },
  // A restart of a server causes one error of each worker, so a few mean nothing; a change that cannot be applied fails every five seconds.
  ErrorsCounted: {
    title: 'Errors counted',
    says: 'The subscriber has counted five errors or more in a quarter of an hour.',
    metric: 'ApplyErrors',
    statistic: 'Sum',
    is: 'at least',
    threshold: 5,
    minutes: 15,
    times: 1,
  },
  // A quarter of the 2,100 million after which a server takes no writes any more; vacuum begins to force itself at 200 million.
  TransactionIdsHeldBack: {
    title: 'Transaction ids held back',
    says: 'The stream keeps the publisher from freezing rows for more than 500 million transactions.',
    metric: 'TransactionIdAge',
    statistic: 'Minimum',
    is: 'at least',
    threshold: 500_000_000,
    minutes: 5,
    times: 1,
  },
  // Twice what `fenceSeconds` is by default. A fence lifts itself when its time is over, so this is a longer setting, or something is stuck.
  FenceHeld: {
    title: 'Fence held',
    says: 'The side that serves the application has not taken writes for a minute.',
    metric: 'FenceHeldSeconds',
    statistic: 'Maximum',
    is: 'at least',
    threshold: 60,
    minutes: 1,
    times: 1,
  },
  WatchBlind: {
    title: 'Watch blind',
    says: 'The function that watches failed three times or more in five minutes, so the other alarms may know nothing.',
    of: 'watch',
    statistic: 'Sum',
    is: 'at least',
    threshold: 3,
    minutes: 5,
    times: 1,
  },
  // A failover is over in less: the health check takes 20 seconds, the writer's name some more.
  EntranceUnhealthy: {
    title: 'Entrance unhealthy',
    says: 'The load balancer has led to no server that answers for five minutes, so PlanetScale does not reach the cluster.',
    of: 'load balancer',
    statistic: 'Maximum',
    is: 'less than',
    threshold: 1,
    minutes: 1,
    times: 5,
    missing: 'bad', // without any target nothing is measured
  },
  EntranceBlind: {
    title: 'Entrance blind',
    says: "The function that follows the cluster's writer failed three times or more in five minutes, so the load balancer may lead to a reader.",
    of: 'follower',
    statistic: 'Sum',
    is: 'at least',
    threshold: 3,
    minutes: 5,
    times: 1,
  },
};

export const ALARM_NAMES = Object.keys(ALARMS) as AlarmName[];

/** Whether there is such an alarm only with a load balancer. */
export const needsEntrance = (name: AlarmName): boolean => ['follower', 'load balancer'].includes(ALARMS[name].of ?? '');

/** Anchor of a heading, as GitHub makes it. */
export const anchorOf = (title: string): string => title.toLowerCase().replaceAll(' ', '-');
