import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newestMigration } from '../../../lambdas/report/one-migration.ts';

type Word = `${'Preflight' | 'Replicate' | 'Cutover' | 'Rollback' | 'Rotation' | 'Cleanup'}${'' | '!'}`;

/** Executions by their machines, oldest first; with a mark those that failed. */
const of = (...words: readonly Word[]) =>
  words.map((word, at) => ({
    machine: word.replace('!', '') as 'Cleanup',
    status: word.endsWith('!') ? ('FAILED' as const) : ('SUCCEEDED' as const),
    startedAt: new Date(at * 1000).toISOString(),
    word,
  }));
const newest = (...words: readonly Word[]): Word[] => newestMigration(of(...words).toReversed()).map(({ word }) => word);

describe('the newest migration', () => {
  it.each<readonly [string, readonly Word[], readonly Word[]]>([
    ['is empty where nothing was started', [], []],
    ['begins with the first execution', ['Preflight', 'Replicate!', 'Replicate'], ['Preflight', 'Replicate!', 'Replicate']],
    ['ends with its Cleanup', ['Replicate', 'Cutover', 'Cleanup'], ['Replicate', 'Cutover', 'Cleanup']],
    ['goes on over a Cleanup that failed', ['Replicate', 'Cleanup!', 'Cleanup'], ['Replicate', 'Cleanup!', 'Cleanup']],
    ['has a Cleanup that was started once more', ['Replicate', 'Cleanup', 'Cleanup'], ['Replicate', 'Cleanup', 'Cleanup']],
    ['begins anew after a Cleanup', ['Replicate', 'Cleanup', 'Preflight', 'Replicate'], ['Preflight', 'Replicate']],
    ['leaves out those before', ['Replicate', 'Cleanup', 'Replicate', 'Cleanup', 'Cleanup'], ['Replicate', 'Cleanup', 'Cleanup']],
    [
      'is not begun by what else is started after a Cleanup',
      ['Replicate', 'Cleanup', 'Rotation', 'Cleanup'],
      ['Replicate', 'Cleanup', 'Rotation', 'Cleanup'],
    ],
    ['is not begun by it either where another one follows', ['Replicate', 'Cleanup', 'Rotation', 'Preflight'], ['Preflight']],
    ['is a Cleanup alone where there was nothing else', ['Cleanup'], ['Cleanup']],
  ])('%s', (_says, words, expected) => {
    expect(newest(...words)).toEqual(expected);
  });

  it('always holds the newest execution, and is whole', () => {
    const word = fc.constantFrom<Word>('Preflight', 'Replicate', 'Replicate!', 'Cutover', 'Cleanup', 'Cleanup!');
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 12 }), (words) => {
        const found = newest(...words);
        expect(found).toEqual(words.slice(words.length - found.length));
        expect(found.length).toBeGreaterThan(0);
      }),
    );
  });
});
