import { describe, expect, it } from 'vitest';
import { DEADLOCK_DETECTED, UNDEFINED_TABLE } from '../../../../lambdas/postgres/sqlstates.ts';
import { inEachOthersWay, nextBatch, readyAhead, type StatementStatus } from '../../../../lambdas/schema/post-data/order.ts';
import { countedAs, stateOf } from '../../../../lambdas/schema/post-data/state.ts';

let ordinals = 0;
const work = (kind: StatementStatus['kind'], table: string, more: Partial<StatementStatus> = {}): StatementStatus => {
  ordinals += 1;
  return {
    ordinal: ordinals,
    kind,
    schema: 's',
    object: `${kind} of ${table}`,
    onSchema: 's',
    onTable: table,
    toSchema: null,
    toTable: null,
    done: false,
    running: false,
    execution: null,
    attempts: 0,
    code: null,
    error: null,
    hint: null,
    culprit: null,
    ownWords: null,
    text: null,
    bytes: 0,
    state: 'open',
    ...more,
  };
};
const always = () => true;

describe('the next batch of post-data', () => {
  const small = work('index', 'small', { bytes: 1 });
  const large = work('unique', 'large', { bytes: 9 });
  const key = work('foreign key', 'small');
  const trigger = work('detail', 'small');

  it('is that of the long statements, largest table first', () => {
    expect(nextBatch([key, small, trigger, large], always, 2)).toEqual({ queue: [large, small], running: [], sessions: 2 });
  });

  it('counts what still runs from an earlier visit', () => {
    const running = { ...large, state: 'running' as const };
    expect(nextBatch([running, small, key], always, 2)).toEqual({ queue: [small], running: [running], sessions: 1 });
    expect(nextBatch([running, small, key], always, 1)).toBeUndefined();
  });

  it('of a group waits for the end of the groups before, whether they succeeded or not', () => {
    const running = { ...small, state: 'running' as const };
    const failed = { ...small, state: 'failed' as const };
    expect(nextBatch([running, key], always, 4)).toBeUndefined();
    expect(nextBatch([failed, key], always, 4)?.queue).toEqual([key]);
  });

  it('takes details one by one, in the order of the dump', () => {
    const second = work('detail', 'other', { bytes: 99 });
    expect(nextBatch([trigger, second], always, 4)).toEqual({ queue: [trigger, second], running: [], sessions: 1 });
  });

  it('leaves out what was started already', () => {
    expect(nextBatch([large, key], ({ kind }) => kind !== 'unique', 2)?.queue).toEqual([key]);
    expect(nextBatch([large], () => false, 2)).toBeUndefined();
  });
});

describe('keys that wait', () => {
  const key = work('key', 'a');
  const index = work('key index', 'b', { bytes: 5 });
  const attachment = work('key attachment', 'a_pkey');
  const identity = work('replica identity', 'b');
  const definition = work('definition', 'v');

  it('come before everything else, side by side, then their attachments, then identities', () => {
    const all = [definition, identity, attachment, key, index];
    expect(nextBatch(all, always, 2)).toEqual({ queue: [index, key], running: [], sessions: 2 });
    const without = (...done: readonly StatementStatus[]) =>
      nextBatch(
        all.map((one) => (done.includes(one) ? { ...one, state: 'done' as const } : one)),
        always,
        2,
      )?.queue.map(({ kind }) => kind);
    expect(without(key, index)).toEqual(['key attachment']);
    expect(without(key, index, attachment)).toEqual(['replica identity']);
    expect(without(key, index, attachment, identity)).toEqual(['definition']);
  });
});

describe('statements ahead of their turn', () => {
  const none = { underWay: new Set<number>(), tried: new Set<number>() };
  const complete = ['small', 'large', 'many'].map((table) => ({ schema: 's', table }));
  const ahead = { complete, keysOnly: false, sessions: 3 };
  const small = work('index', 'small', { bytes: 1 });
  const large = work('unique', 'large', { bytes: 10 });
  const many = [work('index', 'many', { bytes: 6 }), work('key', 'many', { bytes: 6 })];
  const [manyIndex, manyKey] = many;
  const all = [small, large, ...many, work('index', 'copied still'), work('detail', 'small'), work('key attachment', 'small')];

  it('are those that fill an index of a complete table: most work of a table first, its key before its other indexes', () => {
    expect(readyAhead(all, ahead, none)).toEqual({ queue: [manyKey, manyIndex, large, small], running: [], sessions: 3 });
  });

  it('are keys only where other indexes might call what is still to come', () => {
    expect(readyAhead(all, { ...ahead, keysOnly: true }, none).queue).toEqual([manyKey]);
  });

  it('leave out what this visit has tried, and count what others have left running, of whatever kind and table', () => {
    const tries = { underWay: new Set([large.ordinal]), tried: new Set([large.ordinal, small.ordinal]) };
    const running = work('index', 'copied still', { state: 'running' });
    const ours = { ...large, state: 'running' as const };
    expect(readyAhead([small, ours, running, ...many], ahead, tries)).toEqual({
      queue: [manyKey, manyIndex],
      running: [running],
      sessions: 2,
    });
  });
});

describe('the locks of two statements', () => {
  const to = (table: string) => ({ toSchema: 's', toTable: table });
  it.each([
    [work('index', 'a'), work('index', 'a'), false],
    [work('index', 'a'), work('unique', 'a'), true],
    [work('index', 'a'), work('key', 'a'), true],
    [work('index', 'a'), work('key index', 'a'), false],
    [work('key index', 'a'), work('key', 'a'), true],
    [work('key', 'a'), work('key', 'b'), false],
    [work('unique', 'a'), work('unique', 'b'), false],
    [work('foreign key', 'a', to('b')), work('foreign key', 'b', to('a')), true],
    [work('foreign key', 'a', to('c')), work('foreign key', 'b', to('c')), true],
    [work('foreign key', 'a', to('b')), work('foreign key', 'c', to('d')), false],
  ])('case %#: conflict or do not', (one, other, expected) => {
    expect(inEachOthersWay(one, other)).toBe(expected);
    expect(inEachOthersWay(other, one)).toBe(expected);
  });
});

describe('the state of a statement', () => {
  const tried = (more: Partial<StatementStatus>) => work('index', 't', { execution: 'this', attempts: 1, ...more });
  it.each([
    [work('index', 't'), 'open'],
    [tried({ done: true, code: '23505' }), 'done'],
    [tried({ running: true }), 'running'],
    [tried({ code: '23505' }), 'failed'],
    [tried({ code: '23505', execution: 'earlier' }), 'open'],
    [tried({ code: DEADLOCK_DETECTED, attempts: 4 }), 'open'],
    [tried({ code: DEADLOCK_DETECTED, attempts: 5 }), 'failed'],
    [tried({ code: UNDEFINED_TABLE }), 'open'],
    [tried({ code: UNDEFINED_TABLE, attempts: 2 }), 'failed'],
    [tried({ attempts: 4 }), 'open'],
    [tried({ attempts: 5 }), 'failed'],
  ] as const)('case %#: is %s', (one, expected) => {
    expect(stateOf(one, 'this')).toBe(expected);
  });

  it('ahead of its turn says nothing to the steps whose turn it is', () => {
    const ahead = tried({ code: '23505', execution: countedAs('BuildCopied', 'this') });
    expect(stateOf(ahead, countedAs('BuildCopied', 'this'))).toBe('failed');
    expect(stateOf(ahead, countedAs('BuildIndexes', 'this'))).toBe('open');
  });
});
