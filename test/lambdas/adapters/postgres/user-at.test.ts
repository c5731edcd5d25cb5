import { describe, expect, it } from 'vitest';
import { userAt } from '../../../../lambdas/adapters/postgres/user-at.ts';
import type { Reader } from '../../../../lambdas/ports/database.ts';

const inside = (name: string): Pick<Reader, 'query'> => ({ query: async <Row>() => [{ name }] as Row[] });
const unasked: Pick<Reader, 'query'> = { query: () => Promise.reject(new Error('unexpected query')) };

describe('the user name with which a role logs in (#9.9)', () => {
  it.each([
    ['is its own where our name has no dot, without a query', 'aurora_master', unasked, 'ours'],
    ['has the branch of our own name', 'pscale_api_x.nk35mx55qq', inside('pscale_api_x'), 'ours.nk35mx55qq'],
    ['has the branch behind a name that holds a dot itself', 'first.last.nk35', inside('first.last'), 'ours.nk35'],
    ['is its own where the dot is part of our name', 'first.last', inside('first.last'), 'ours'],
  ] as const)('%s', async (_, user, looking, expected) => {
    expect(await userAt('ours', { settings: { user }, looking })).toBe(expected);
  });
});
