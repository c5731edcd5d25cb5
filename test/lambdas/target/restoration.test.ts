import { describe, expect, it } from 'vitest';
import type { ClusterParameter } from '../../../lambdas/ports/planetscale.ts';
import { tagsOf } from '../../../lambdas/target/journal.ts';
import { askedOnce, type RestorationInput, restorationOf } from '../../../lambdas/target/restoration.ts';
import { leadsElsewhere } from '../../../lambdas/target/role.ts';

const record = {
  branch: 'acme/shop/main',
  parameters: [
    { namespace: 'pgconf', name: 'wal_level', was: 'replica', sets: ['logical'] },
    { namespace: 'pgconf', name: 'max_replication_slots', was: '2', sets: ['5'] },
    { namespace: 'pgconf', name: 'max_worker_processes', was: '4', sets: ['10'] },
  ],
};
const parameter = (name: string, value: string, more: Partial<ClusterParameter> = {}): ClusterParameter => ({
  ...{ namespace: 'pgconf', name, value, defaultValue: value, restarts: true, isImmutable: false, type: 'integer' },
  ...more,
});
const GIVEN: RestorationInput = {
  stack: 'Shop',
  tags: tagsOf('Shop', record),
  record,
  parameters: [parameter('wal_level', 'logical'), parameter('max_replication_slots', '5'), parameter('max_worker_processes', '10')],
  noRestart: undefined,
  kept: { slots: 0, logicalSlots: 0, origins: 0 },
  others: [],
};
const putOf = (given: Partial<RestorationInput>): string[] => restorationOf({ ...GIVEN, ...given }).put.map(({ name }) => name);

describe('what is put back', () => {
  it('is everything that is as we set it', () => {
    expect(putOf({})).toEqual(['wal_level', 'max_replication_slots', 'max_worker_processes']);
  });

  it('leaves what the server would not start without, whatever the consent', () => {
    expect(putOf({ kept: { slots: 1, logicalSlots: 1, origins: 0 } })).toEqual(['max_replication_slots', 'max_worker_processes']);
    expect(putOf({ kept: { slots: 3, logicalSlots: 0, origins: 0 } })).toEqual(['wal_level', 'max_worker_processes']);
    expect(putOf({ kept: { slots: 0, logicalSlots: 0, origins: 3 } })).toEqual(['wal_level', 'max_worker_processes']);
    const { waiting } = restorationOf({ ...GIVEN, kept: { slots: 3, logicalSlots: 3, origins: 0 } });
    expect(waiting).toHaveLength(2);
    expect(waiting[0]).toContain('the server would not start with less');
  });

  it('leaves the same where nobody can look, and says so', () => {
    const { put, waiting } = restorationOf({ ...GIVEN, kept: undefined });
    expect(put.map(({ name }) => name)).toEqual(['max_worker_processes']);
    expect(waiting.join()).toContain('set it back at PlanetScale');
  });

  it('leaves alone what the cluster does not take any more', () => {
    const resized = [...GIVEN.parameters.slice(0, 2), parameter('max_worker_processes', '10', { min: 8 })];
    const { put, leftAlone, settled } = restorationOf({ ...GIVEN, parameters: resized });
    expect(put.map(({ name }) => name)).not.toContain('max_worker_processes');
    expect([leftAlone, settled]).toEqual([
      [expect.stringContaining('does not take that value any more')],
      ['planetscale-migration:Shop:pgconf.max_worker_processes'],
    ]);
  });

  it('is asked for once in an execution', () => {
    const asked = {
      id: 'c1',
      state: 'canceled',
      actor: 'us',
      parameters: { pgconf: { wal_level: 'replica' } },
      previousParameters: {},
    } as const;
    const restoration = restorationOf(GIVEN);
    expect(askedOnce(restoration, [asked], 'c1').put).toHaveLength(3);
    const again = askedOnce(restoration, [asked], 'none');
    expect(again.put).toEqual([]);
    expect(again.waiting).toContainEqual(expect.stringContaining('The change c1 at PlanetScale was canceled'));
  });
});

describe('a login', () => {
  const role = { id: '1', name: 'ours', user: 'ours.nk35', role: 'ours', isDefault: false };
  it.each([
    ['ours.nk35', false],
    ['shop.zz99', true],
    ['without', false],
  ])('%s is of another branch than the roles there: %s', (user, expected) => {
    expect(leadsElsewhere(user, [role])).toBe(expected);
    expect(leadsElsewhere(user, [])).toBe(false);
  });
});
