import { describe, expect, it } from 'vitest';
import { listOf, namesIn, slotListIn } from '../../../lambdas/target/slot-list.ts';
import { PARAMETERS, parameter } from '../../support/played-planetscale.ts';

const nameOf = (parameters: Parameters<typeof slotListIn>[0]) => slotListIn(parameters)?.name;

describe('the list of slots that survive a switchover', () => {
  it('is found by what it is about, wherever it is', () => {
    expect(nameOf(PARAMETERS)).toBe('logical_slots');
    expect(nameOf([parameter('failover_slots', '', { type: 'string' })])).toBe('failover_slots');
    expect(nameOf([parameter('slots', '', { namespace: 'patroni', type: 'array', category: 'Failover' })])).toBe('slots');
  });

  it('is never one of PostgreSQL, which would stop every stream', () => {
    expect(
      nameOf([parameter('synchronized_standby_slots', '', { type: 'array', category: 'Failover', displayName: 'Logical failover slots' })]),
    ).toBeUndefined();
    expect(nameOf([parameter('max_replication_slots', '10', { displayName: 'Logical slots' })])).toBeUndefined();
  });

  it('is not guessed where two could be meant, and not written where it cannot be', () => {
    const one = parameter('logical_slots', '', { type: 'array' });
    expect(nameOf([one, { ...one, name: 'failover_slots' }])).toBeUndefined();
    expect(nameOf([{ ...one, isImmutable: true }])).toBeUndefined();
    expect(nameOf([{ ...one, namespace: 'pgbouncer' }])).toBeUndefined();
    expect(nameOf([{ ...one, type: 'select', options: ['none', 'all'] }])).toBeUndefined();
  });

  it.each([
    ['', []],
    ['a', ['a']],
    ['a,b', ['a', 'b']],
    ['a, b', ['a', 'b']],
    ['["a","b"]', ['a', 'b']],
    ['[a, b]', ['a', 'b']],
    ['{a,b}', ['a', 'b']],
    ['[]', []],
  ])('holds the names of "%s"', (value, names) => {
    expect(namesIn(value)).toEqual(names);
  });

  it('is written in its own form', () => {
    expect(listOf(['a', 'b'], { value: '', defaultValue: '' })).toBe('a,b');
    expect(listOf(['a', 'b'], { value: 'a', defaultValue: '[]' })).toBe('a,b');
    expect(listOf(['a', 'b'], { value: '', defaultValue: '[]' })).toBe('["a","b"]');
    expect(listOf(['a'], { value: '["a","b"]', defaultValue: '' })).toBe('["a"]');
  });
});
