import { describe, expect, it } from 'vitest';
import type { PublisherTraces } from '../../../lambdas/cleanup/publisher.ts';
import type { Side } from '../../../lambdas/cleanup/side.ts';
import type { SourceTraces } from '../../../lambdas/cleanup/source.ts';
import { followsAnother, type TargetTraces } from '../../../lambdas/cleanup/target.ts';
import { subscriptionName } from '../../../lambdas/config/names.ts';
import type { Gate } from '../../../lambdas/state/gates.sql.ts';

const DATABASE = 'shop';
const copyOf = (sourceIdentity: string, sourceDatabase = DATABASE): TargetTraces['copy'] => ({
  sourceIdentity,
  sourceDatabase,
  copiedAt: new Date(0),
  exclusions: { excludeSchemas: [], excludeTables: [] },
  statements: 1,
  leftBehind: [],
});
const publisher: PublisherTraces = {
  birth: undefined,
  slots: [],
  publication: false,
  role: { exists: false, tables: [], schemas: [], defaults: [], onDatabase: false, settings: false, usedBy: [] },
};
const back = (birth: string | undefined): PublisherTraces => ({
  ...publisher,
  birth,
  slots: [{ name: subscriptionName(DATABASE, 'reverse'), activePid: null, retainedBytes: 0 }],
});
const gate: Gate = {
  state: 'open',
  turn: 0,
  commits: 0,
  calledOff: null,
  cancellations: 0,
  openedTurn: null,
  told: [],
  execution: null,
  attempt: null,
  remainingMs: null,
  changedAt: new Date(0),
  report: null,
};
const targetWith = (artifacts: Partial<TargetTraces>): TargetTraces => ({
  subscriptions: [subscriptionName(DATABASE)],
  birth: 'born',
  publisher,
  gate: undefined,
  copy: copyOf('us'),
  schema: true,
  trialRole: false,
  copied: 1,
  inTheWay: [],
  ...artifacts,
});
const source = (birth: string | undefined = 'born', reverseBirth?: string): Side<SourceTraces> => ({
  reached: true,
  artifacts: { identity: 'us', publisher: { ...publisher, birth }, subscription: false, reverseBirth, gate: undefined, schema: true },
});
const noSlot: Side<SourceTraces> = {
  reached: true,
  artifacts: { identity: 'us', publisher, subscription: false, reverseBirth: undefined, gate: undefined, schema: false },
};
const away: Side<SourceTraces> = { reached: false, reason: 'ECONNREFUSED', passing: true };

const NO_SUBSCRIPTION = { subscriptions: [], birth: undefined };

describe('the target of Cleanup', () => {
  it.each([
    ['our own copy and subscription', {}, source(), false],
    ['nothing of ours', { subscriptions: [], copy: undefined, birth: undefined, schema: false }, source(), false],
    ['a subscription of another database', { subscriptions: [subscriptionName('other')] }, source(), true],
    ['the copy of another cluster, and its subscription', { copy: copyOf('them'), birth: 'theirs' }, source(), true],
    ['the same, when we have made no slot either', { copy: copyOf('them'), birth: undefined }, noSlot, true],
    ['the copy of another cluster without its subscription', { copy: copyOf('them'), subscriptions: [] }, source(), false],
    ['our copy from before the source was upgraded in place', { copy: copyOf('us before') }, source(), false],
    ['our copy after a switch', { ...NO_SUBSCRIPTION, gate, publisher: back('reborn') }, source('born', 'reborn'), false],
    [
      'the same, and the source was upgraded in place',
      { ...NO_SUBSCRIPTION, copy: copyOf('us before'), gate, publisher: back('reborn') },
      source('born', 'reborn'),
      false,
    ],
    [
      'the copy of another cluster, which follows it back',
      { ...NO_SUBSCRIPTION, copy: copyOf('them'), publisher: back('theirs') },
      source('born', 'reborn'),
      true,
    ],
    ['the copy of another cluster, switched to without a way back', { ...NO_SUBSCRIPTION, copy: copyOf('them'), gate }, source(), true],
    ['a switch of another database, while the source is away', { ...NO_SUBSCRIPTION, copy: copyOf('them', 'other'), gate }, away, true],
    ['a subscription from before there was a copy', { copy: undefined }, source(), false],
    ['the copy of a database of our name, while the source is away', {}, away, false],
    ['the copy of another database, while the source is away', { copy: copyOf('them', 'other') }, away, true],
  ])('with %s follows another source: %#', (_, artifacts, side, expected) => {
    expect(followsAnother(targetWith(artifacts), side, DATABASE)).toBe(expected);
  });
});
