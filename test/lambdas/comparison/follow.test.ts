import { describe, expect, it } from 'vitest';
import { follow, type Held } from '../../../lambdas/comparison/follow.ts';
import type { Side } from '../../../lambdas/comparison/sides.ts';

/** A reading from scripts: what a side returns for each item at its first reading, its second, and so on; the last answer stays. */
function scripted(script: Readonly<Record<string, Readonly<Record<Side, readonly (string | undefined)[]>>>>) {
  const asked = { source: 0, target: 0 };
  return async (side: Side, items: readonly string[]): Promise<Held> => {
    const turn = asked[side];
    asked[side] += 1;
    const found = items.map((item) => script[item]?.[side].at(Math.min(turn, script[item][side].length - 1)));
    return new Map(found.flatMap((value, n): [number, string][] => (value === undefined ? [] : [[n, value]])));
  };
}
const yes = async () => true;

describe('following differing rows', () => {
  it('reports a difference that stays while the source stands still', async () => {
    const look = scripted({
      changed: { source: ['a'], target: ['b'] },
      missing: { source: ['a'], target: [undefined] },
      extra: { source: [undefined], target: ['b'] },
      equal: { source: ['a'], target: ['a'] },
    });
    expect(await follow(['equal', 'changed', 'missing', 'extra'], look, yes)).toEqual({
      different: [
        { item: 'changed', source: 'a', target: 'b' },
        { item: 'missing', source: 'a', target: undefined },
        { item: 'extra', source: undefined, target: 'b' },
      ],
      moving: 0,
    });
  });

  it('accepts a row that equals either reading of the source', async () => {
    const look = scripted({
      before: { source: ['1', '2'], target: ['1'] },
      after: { source: ['1', '2'], target: ['2'] },
      gone: { source: ['1', undefined], target: [undefined] },
    });
    expect(await follow(['before', 'after', 'gone'], look, yes)).toEqual({ different: [], moving: 0 });
  });

  it('never reports a row that keeps changing, and drops a difference once the row has changed', async () => {
    const moving = Array.from({ length: 20 }, (_, n) => `source ${n}`);
    const look = scripted({
      hot: { source: moving, target: ['elsewhere'] },
      // Two readings: unchanged once, then changed and equal.
      once: { source: ['1', '1', '1', '2'], target: ['old', 'old', '2'] },
    });
    expect(await follow(['hot', 'once'], look, yes)).toEqual({ different: [], moving: 1 });
  });

  it('reports nothing when the target does not catch up', async () => {
    expect(await follow(['changed'], scripted({ changed: { source: ['a'], target: ['b'] } }), async () => false)).toBeUndefined();
  });
});
