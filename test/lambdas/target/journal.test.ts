import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keysOf } from '../../../lambdas/cluster/journal.ts';
import { keysOfParameter, recordIn, stacksOnBranch, strangeKeys, type TargetRecord, tagsOf } from '../../../lambdas/target/journal.ts';

const RECORD: TargetRecord = {
  branch: 'acme/shop/main',
  roleName: 'planetscale-migration-Shop-0123abcd',
  role: { id: 'r1', user: 'pscale_api_1.b1' },
  parameters: [
    { namespace: 'pgconf', name: 'max_worker_processes', was: '4', sets: ['16', '20'] },
    { namespace: 'pgconf', name: 'wal_level', was: '', sets: ['logical'] },
  ],
  disk: { was: '10', set: '20' },
  slot: { namespace: 'patroni', name: 'logical_slots', slot: 'planetscale_migration_reverse_shop' },
  switched: true,
};

describe('the journal of a branch', () => {
  it('reads what it writes', () => {
    expect(recordIn('Shop', tagsOf('Shop', RECORD))).toEqual(RECORD);
    expect(recordIn('Shop', {})).toEqual({});
    expect(strangeKeys('Shop', tagsOf('Shop', RECORD))).toEqual([]);
  });

  it('can be read by people', () => {
    expect(tagsOf('Shop', RECORD)).toMatchObject({
      'planetscale-migration:Shop:branch': 'acme/shop/main',
      'planetscale-migration:Shop:pgconf.max_worker_processes': '4 16 20',
      'planetscale-migration:Shop:pgconf.wal_level': '= logical',
    });
  });

  it('holds any value in tags that a secret takes, however long', () => {
    const word = fc.string({ unit: 'binary', maxLength: 400 });
    fc.assert(
      fc.property(word, fc.array(word, { minLength: 1, maxLength: 3 }), (was, sets) => {
        const record = { parameters: [{ namespace: 'pgconf', name: 'wal_level', was, sets }] };
        const tags = tagsOf('Shop', record);
        for (const value of Object.values(tags)) expect(value).toMatch(/^(?! )[A-Za-z0-9 _.:/=+@-]{1,256}(?<! )$/);
        const [read] = recordIn('Shop', tags).parameters ?? [];
        expect(read?.was).toBe(was.toWellFormed());
        expect(read?.sets).toEqual(sets.map((set) => set.toWellFormed()));
        expect(keysOfParameter('Shop', tags, { namespace: 'pgconf', name: 'wal_level' })).toEqual(Object.keys(tags));
      }),
    );
  });

  it('is kept apart from that of another stack', () => {
    const tags = {
      ...tagsOf('Shop', RECORD),
      ...tagsOf('Shop-2', { branch: 'acme/shop/main' }),
      ...tagsOf('Far', { branch: 'acme/shop/dev' }),
      owner: 'me',
    };
    expect(recordIn('Shop', tags)).toEqual(RECORD);
    expect(keysOf('Shop-2', tags)).toHaveLength(1);
    expect(stacksOnBranch('Shop', tags, 'acme/shop/main')).toEqual(['Shop-2']);
  });

  it.each([
    ['a parameter that we never set', { 'pgconf.shared_preload_libraries': '= evil' }],
    ['an entry of no known name', { colour: 'red' }],
    ['half of an entry', { 'role-id': 'r1' }],
    ['a value without what was set', { 'pgconf.wal_level': 'minimal' }],
  ])('names what it did not write: %s', (_what, entries) => {
    const tags = Object.fromEntries(Object.entries(entries).map(([name, value]) => [`planetscale-migration:Shop:${name}`, value]));
    expect(strangeKeys('Shop', { ...tagsOf('Shop', { branch: RECORD.branch ?? '' }), ...tags })).toEqual(Object.keys(entries));
  });
});
