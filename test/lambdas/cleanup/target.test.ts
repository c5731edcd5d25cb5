import { describe, expect, it } from 'vitest';
import type { PublisherArtifacts } from '../../../lambdas/cleanup/publisher.ts';
import type { Side } from '../../../lambdas/cleanup/side.ts';
import type { SourceArtifacts } from '../../../lambdas/cleanup/source.ts';
import { followsAnother, type TargetArtifacts } from '../../../lambdas/cleanup/target.ts';
import { subscriptionName } from '../../../lambdas/config/names.ts';
import type { Gate } from '../../../lambdas/state/gates.sql.ts';

const DATABASE = 'shop';
const copyOf = (sourceIdentity: string, sourceDatabase = DATABASE): TargetArtifacts['copy'] => ({
  sourceIdentity,
  sourceDatabase,
  copiedAt: new Date(0),
  exclusions: { excludeSchemas: [], excludeTables: [] },
  statements: 1,
  leftBehind: [],
});
const publisher: PublisherArtifacts = {
  incarnation: undefined,
  slots: [],
  publication: false,
  role: { exists: false, tables: [], schemas: [], defaults: [], onDatabase: false, settings: false, usedBy: [] },
};
const back = (incarnation: string | undefined): PublisherArtifacts => ({
  ...publisher,
  incarnation,
  slots: [{ name: subscriptionName(DATABASE, 'reverse'), activePid: null, retainedBytes: 0 }],
});
const gate: Gate = {
  state: 'open',
  epoch: 0,
  commits: 0,
  calledOff: null,
  cancellations: 0,
  openedEpoch: null,
  told: [],
  execution: null,
  attempt: null,
  remainingMs: null,
  changedAt: new Date(0),
  report: null,
};
const targetWith = (artifacts: Partial<TargetArtifacts>): TargetArtifacts => ({
  subscriptions: [subscriptionName(DATABASE)],
  incarnation: 'born',
  publisher,
  gate: undefined,
  copy: copyOf('us'),
  schema: true,
  trialRole: false,
  copyRole: false,
  copied: 1,
  inTheWay: [],
  ...artifacts,
});
const source = (incarnation: string | undefined = 'born', reverseIncarnation?: string): Side<SourceArtifacts> => ({
  reached: true,
  artifacts: {
    identity: 'us',
    publisher: { ...publisher, incarnation },
    subscription: false,
    reverseIncarnation,
    gate: undefined,
    schema: true,
  },
});
const noSlot: Side<SourceArtifacts> = {
  reached: true,
  artifacts: { identity: 'us', publisher, subscription: false, reverseIncarnation: undefined, gate: undefined, schema: false },
};
const away: Side<SourceArtifacts> = { reached: false, reason: 'ECONNREFUSED', passing: true };

const NO_SUBSCRIPTION = { subscriptions: [], incarnation: undefined };

describe('the target of Cleanup', () => {
  it.each([
    ['our own copy and subscription', {}, source(), false],
    ['nothing of ours', { subscriptions: [], copy: undefined, incarnation: undefined, schema: false }, source(), false],
    ['a subscription of another database', { subscriptions: [subscriptionName('other')] }, source(), true],
    ['the copy of another cluster, and its subscription', { copy: copyOf('them'), incarnation: 'theirs' }, source(), true],
    ['the same, when we have made no slot either', { copy: copyOf('them'), incarnation: undefined }, noSlot, true],
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
