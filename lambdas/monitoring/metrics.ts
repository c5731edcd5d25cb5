/**
 * Metrics of the watch, by name and unit in CloudWatch. One stream is watched, the current one: forward before a switch, reverse
 * after it. A metric that is unknown in a run is left out, never published as zero.
 */
export const UNITS = {
  /** Size of the source's tables, or parts, that are copied; a table in progress counts by its share. Only while something is left to copy. */
  CopyBytes: 'Bytes',
  /** Size of all of the source's tables. Only while something is left to copy. */
  CopyBytesTotal: 'Bytes',
  /** 100 only when every table is copied and has caught up. */
  CopyPercent: 'Percent',
  /** Time since the copy last progressed. Only while something is left to copy. */
  CopyIdleSeconds: 'Seconds',
  /** Parts that are copied. This and what follows only while rows are copied in parts. */
  PartsDone: 'Count',
  /** Parts that are not. */
  PartsOpen: 'Count',
  /** Workers that have a part. */
  CopyWorkersWorking: 'Count',
  /** Workers that may have one; see the machine `Pace`. */
  CopyWorkersAllowed: 'Count',
  /** Published tables. */
  Tables: 'Count',
  /** Tables that are copied and have caught up. */
  TablesReady: 'Count',
  /** WAL of the publisher that the subscriber has not confirmed. */
  LagBytes: 'Bytes',
  /** From writing on the publisher to the subscriber's confirmation, at most; see `lag.ts`. */
  LagMilliseconds: 'Milliseconds',
  /** WAL that the publisher keeps for the stream's slot, or for a table's copy if that keeps more. */
  WalKeptBytes: 'Bytes',
  /** Hours until the WAL kept reaches its limit or the volume's, at the pace of the last hour; 720 stands for 30 days, and for never. */
  WalHoursLeft: 'Count',
  /** 1 where the slot is gone, lost or another one: changes may be missing on the subscriber. */
  HistoryBroken: 'Count',
  /** 1 where the slot is read. */
  SlotActive: 'Count',
  /** 1 where the subscription is enabled and its worker runs. */
  SubscriptionRunning: 'Count',
  /** Errors of apply and of table copies since the previous run. Subscribers older than version 15 do not count them. */
  ApplyErrors: 'Count',
  /** Transaction ids that are used up while the publisher cannot freeze rows, because of our slots and copies. */
  TransactionIdAge: 'Count',
  /** Numbers that are missing from the heartbeat on the subscriber; each is a lost change. */
  HeartbeatGaps: 'Count',
  /** Size of the whole database on the target, indexes and dead rows included. */
  TargetBytes: 'Bytes',
  /** Time for which the side that serves has not taken writes: a fence, or a switch that is committed and not completed. 0 as a rule. */
  FenceHeldSeconds: 'Seconds',
  /** 1 where the target serves the application, 0 where the source does. */
  ServingTarget: 'Count',
  /** 1 where no metric speaks against `Cutover`; CheckCutover decides. */
  ReadyToCutOver: 'Count',
} as const satisfies Readonly<Record<string, 'Bytes' | 'Count' | 'Milliseconds' | 'Percent' | 'Seconds'>>;

export type MetricName = keyof typeof UNITS;
export type Measures = Partial<Record<MetricName, number>>;

/** CloudWatch namespace of the metrics. Each has one dimension, `service`, which is the name of the stack. */
export const NAMESPACE = 'AuroraToPlanetScale';

export const flag = (is: boolean): number => (is ? 1 : 0);
