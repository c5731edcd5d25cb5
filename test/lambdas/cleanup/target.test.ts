import { describe, expect, it } from 'vitest';
import type { Side } from '../../../lambdas/cleanup/side.ts';
import type { SourceTraces } from '../../../lambdas/cleanup/source.ts';
import { followsAnother, type TargetTraces } from '../../../lambdas/cleanup/target.ts';
import { subscriptionName } from '../../../lambdas/names.ts';

const DATABASE = 'shop';
const copyOf = (sourceIdentity: string, sourceDatabase = DATABASE): TargetTraces['copy'] => ({
  sourceIdentity,
  sourceDatabase,
  copiedAt: new Date(0),
  exclusions: { excludeSchemas: [], excludeTables: [] },
  statements: 1,
  leftBehind: [],
});
const targetWith = (traces: Partial<TargetTraces>): TargetTraces => ({
  subscriptions: [subscriptionName(DATABASE)],
  birth: 'born',
  copy: copyOf('us'),
  schema: true,
  copied: 1,
  inTheWay: [],
  ...traces,
});
const source = (traces: Partial<SourceTraces>): Side<SourceTraces> => ({
  reached: true,
  traces: { identity: 'us', birth: 'born', ...traces } as SourceTraces,
});
const away: Side<SourceTraces> = { reached: false, reason: 'ECONNREFUSED', passing: true };

describe('a target', () => {
  it.each([
    ['our own copy and subscription', {}, source({}), false],
    ['nothing of ours', { subscriptions: [], copy: undefined, birth: undefined, schema: false }, source({}), false],
    ['a subscription of another database', { subscriptions: [subscriptionName('other')] }, source({}), true],
    ['the copy of another cluster, and its subscription', { copy: copyOf('them'), birth: 'theirs' }, source({}), true],
    ['the same, when we have made no slot either', { copy: copyOf('them'), birth: undefined }, source({ birth: undefined }), true],
    ['the copy of another cluster that nobody feeds any more', { copy: copyOf('them'), subscriptions: [] }, source({}), false],
    ['our copy from before the source was upgraded in place', { copy: copyOf('us before') }, source({}), false],
    ['a subscription from before there was a copy', { copy: undefined }, source({}), false],
    ['the copy of a database of our name, while the source is away', {}, away, false],
    ['the copy of another database, while the source is away', { copy: copyOf('them', 'other') }, away, true],
  ])('with %s follows another source: %#', (_, traces, side, expected) => {
    expect(followsAnother(targetWith(traces), side, DATABASE)).toBe(expected);
  });
});
