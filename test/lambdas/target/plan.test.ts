import { expect, describe as group, it } from 'vitest';
import { parseInput } from '../../../lambdas/config/input.ts';
import type { ChangeRequest, ClusterParameter } from '../../../lambdas/ports/planetscale.ts';
import { needsOf } from '../../../lambdas/target/needs.ts';
import { describe, planFor, prospectOf, type TargetView } from '../../../lambdas/target/plan.ts';
import type { TargetServer } from '../../../lambdas/target/server.ts';
import type { Work } from '../../../lambdas/target/work.ts';
import { BRANCH, PARAMETERS, parameter } from '../../support/played-planetscale.ts';
import { sessionRoom } from '../../support/session-room.ts';

const GIB = 1024 ** 3;
const WORK: Work = {
  tables: 100,
  bytes: 100 * GIB,
  way: 'stream',
  copyWorkers: 0,
  indexWorkers: 2,
  appliesInParallel: false,
  sentAtOnce: 8,
  hasWayBack: true,
  forward: 'planetscale_migration_shop',
  reverse: 'planetscale_migration_reverse_shop',
};
const SESSIONS = sessionRoom(100);
const SETTINGS = {
  wal_level: 'logical',
  max_worker_processes: '4',
  max_logical_replication_workers: '4',
  max_sync_workers_per_subscription: '2',
  max_replication_slots: '10',
  max_active_replication_origins: '10',
  max_wal_senders: '10',
  max_connections: '100',
  max_slot_wal_keep_size: '4096',
  hot_standby_feedback: 'on',
  sync_replication_slots: 'on',
  shared_buffers: String((2 * GIB) / 8192),
};

function server({
  settings = {},
  disturbed = {},
  use = {},
  version = 18,
}: {
  settings?: Partial<Record<keyof typeof SETTINGS, string>>;
  disturbed?: Partial<TargetServer['disturbed']>;
  use?: Partial<TargetServer['use']>;
  version?: number;
} = {}): TargetServer {
  return {
    version,
    settings: new Map(Object.entries({ ...SETTINGS, ...settings })),
    use: { slots: 0, senders: 0, subscriptions: 0, workers: 0, otherBytes: 0, sessions: SESSIONS, ...use },
    disturbed: { copyHasBegun: false, others: [], ...disturbed },
  };
}
const disk = (bytes: number, more: Partial<ChangeRequest> = {}): ChangeRequest => ({
  ...{ id: 'c1', state: 'completed', actor: 'somebody', parameters: {}, previousParameters: {}, minimumStorageBytes: bytes },
  ...more,
});
const view = (more: Partial<TargetView> = {}): TargetView => ({
  branch: BRANCH,
  parameters: PARAMETERS,
  changes: [disk(200 * GIB)],
  work: WORK,
  server: server(),
  ...more,
});
const plan = (more: Partial<TargetView> = {}, input = {}) => planFor(view(more), parseInput(input));
const withParameter = (name: string, more: Partial<ClusterParameter>): ClusterParameter[] =>
  PARAMETERS.map((one) => (one.name === name ? { ...one, ...more } : one));
const needed = (more: Partial<Parameters<typeof needsOf>[0]> = {}) =>
  new Map(
    needsOf({
      work: WORK,
      version: 18,
      settings: server().settings,
      use: server().use,
      diskBytes: 200 * GIB,
      hasBegun: false,
      ...more,
    }).map((need) => [need.name, need]),
  );

group('what the work needs', () => {
  it('follows from the tables, as far as the memory and the source allow', () => {
    const copies = (work: Partial<Work>, buffers = 2 * GIB) =>
      needed({ work: { ...WORK, ...work }, settings: server({ settings: { shared_buffers: String(buffers / 8192) } }).settings }).get(
        'max_sync_workers_per_subscription',
      )?.to;
    expect(copies({})).toBe('8');
    expect(copies({ tables: 5 })).toBe('5');
    expect(copies({ sentAtOnce: 3 })).toBe('3');
    expect(copies({}, GIB)).toBe('4');
    expect(copies({}, GIB / 16)).toBe('2');
    expect(copies({ way: 'parts', copyWorkers: 8 })).toBe('2');
  });

  it('counts what others use, and applying ahead', () => {
    expect(needed().get('max_logical_replication_workers')).toMatchObject({ least: '2', to: '9' });
    const use = { ...server().use, subscriptions: 2, slots: 12, senders: 4, workers: 3 };
    expect(needed({ use, work: { ...WORK, appliesInParallel: true } }).get('max_logical_replication_workers')).toMatchObject({
      least: '4',
      to: '13',
    });
    expect(needed({ use }).get('max_worker_processes')).toMatchObject({ least: '8', to: '19' });
    expect(needed({ use }).get('max_replication_slots')).toMatchObject({ least: '13', to: '13' });
    expect(needed({ use }).get('max_wal_senders')).toMatchObject({ least: '5' });
  });

  it('is never below what the guide asks for', () => {
    expect(needed({ work: { ...WORK, tables: 1 } }).get('max_worker_processes')).toMatchObject({ least: '3', to: '10' });
  });

  it('has room for the workers of a copy in parts, as far as the memory reaches', () => {
    const parts = { ...WORK, way: 'parts' as const, copyWorkers: 100 };
    expect(needed({ work: parts }).get('max_connections')).toMatchObject({ least: '11', to: '264' });
    const small = server({ settings: { shared_buffers: String(GIB / 4 / 8192) } }).settings;
    expect(needed({ work: parts, settings: small }).get('max_connections')).toMatchObject({ to: '128' });
  });

  it('takes one setting for slots and for origins before version 18', () => {
    const names = [...needed({ version: 17 }).keys()];
    expect(names).not.toContain('max_active_replication_origins');
    expect(needed({ version: 17 }).get('max_replication_slots')).toMatchObject({ least: '2', to: '9' });
  });

  it('keeps WAL for the way back as far as the disk allows', () => {
    expect(needed().get('max_slot_wal_keep_size')?.to).toBe(String(Math.floor((200 * 1024) / 6)));
    expect(needed({ diskBytes: 20 * GIB }).has('max_slot_wal_keep_size')).toBe(false);
    expect(needed({ diskBytes: undefined }).has('max_slot_wal_keep_size')).toBe(false);
  });

  it('is nothing more for the copy once that has begun', () => {
    expect(needed({ hasBegun: true }).get('max_logical_replication_workers')).toMatchObject({ enough: '2' });
    expect(needed({ hasBegun: true }).has('max_slot_wal_keep_size')).toBe(true);
  });
});

group('the plan', () => {
  it('says what would be changed', () => {
    expect(describe(plan())).toEqual([
      'max_sync_workers_per_subscription 2 → 8',
      'max_logical_replication_workers 4 → 9 (restart)',
      'max_worker_processes 4 → 14 (restart)',
      'max_slot_wal_keep_size 4GB → 34133MB',
      'logical_slots empty → planetscale_migration_reverse_shop',
    ]);
  });

  it('tells the settings that will be in force', () => {
    const prospect = prospectOf(plan(), server().settings);
    expect(prospect.get('max_worker_processes')).toBe('14');
    expect(prospect.get('max_slot_wal_keep_size')).toBe('34133');
    expect(prospect.get('wal_level')).toBe('logical');
    expect(prospect.has('logical_slots')).toBe(false);
  });

  it('is made of the API’s values where there is no login', () => {
    const without = plan({ server: undefined });
    expect(without.role).toBe('to make');
    expect(describe(without)).toEqual(
      expect.arrayContaining(['a role for the migration', 'max_worker_processes 4 → 14 (restart)', 'hot_standby_feedback off → on']),
    );
  });

  it('takes the server’s word for what is there, not the API’s', () => {
    const changed = plan({ server: server({ settings: { max_worker_processes: '64' } }) });
    expect(changed.changes.map(({ name }) => name)).not.toContain('max_worker_processes');
    const lagging = plan({ parameters: withParameter('max_worker_processes', { value: '64' }) });
    expect(lagging.notInForce).toEqual([{ name: 'max_worker_processes', configured: '64', server: '4', isRequired: false }]);
  });

  it.each<[string, Partial<TargetView>, boolean]>([
    ['nothing is said of the parameter', { parameters: PARAMETERS.filter(({ name }) => name !== 'max_worker_processes') }, false],
    ['it cannot be changed', { parameters: withParameter('max_worker_processes', { isImmutable: true }) }, false],
    ['it is at its most', { parameters: withParameter('max_worker_processes', { max: 4 }) }, false],
    [
      'its most is less than the least',
      { parameters: withParameter('max_worker_processes', { max: 2 }), server: server({ settings: { max_worker_processes: '2' } }) },
      true,
    ],
    ['somebody is connected', { server: server({ disturbed: { others: ['1 session of app'] } }) }, false],
    [
      'somebody is connected, and it is required',
      { server: server({ settings: { max_worker_processes: '2' }, disturbed: { others: ['1 session of app'] } }) },
      true,
    ],
  ])('names what it cannot change: %s', (_what, given, isRequired) => {
    const { changes, obstacles } = plan(given);
    expect(changes.map(({ name }) => name)).not.toContain('max_worker_processes');
    expect(obstacles.filter(({ what }) => what.startsWith('max_worker_processes'))).toMatchObject([{ isRequired }]);
  });

  it('goes as far as the parameter does', () => {
    expect(describe(plan({ parameters: withParameter('max_worker_processes', { max: 12 }) }))).toContain(
      'max_worker_processes 4 → 12 (restart)',
    );
  });

  it('restarts a cluster that serves with consent, and for a copy that has begun only what is required', () => {
    const serves = server({ disturbed: { others: ['1 session of app'] } });
    expect(describe(plan({ server: serves }, { restart: 'now' }))).toContain('max_worker_processes 4 → 14 (restart)');
    const begun = { disturbed: { copyHasBegun: true }, settings: { wal_level: 'replica' } };
    const parameters = withParameter('wal_level', { value: 'replica' });
    expect(plan({ server: server(begun), parameters }).obstacles).toMatchObject([
      { what: expect.stringContaining('wal_level'), isRequired: true },
    ]);
    expect(describe(plan({ server: server(begun), parameters }, { restart: 'now' }))).toContain('wal_level replica → logical (restart)');
    expect(describe(plan({ server: server({ disturbed: { copyHasBegun: true } }) }))).not.toContainEqual(
      expect.stringContaining('max_worker'),
    );
  });

  it('names a change that is under way', () => {
    expect(plan({ changes: [disk(GIB, { state: 'resizing' })] }).underWay).toMatchObject({ id: 'c1' });
  });
});

group('the disk', () => {
  it('grows to 150 %, and up to there by itself', () => {
    const { storage } = plan({ changes: [disk(10 * GIB, { maximumStorageBytes: 100 * GIB })] });
    expect(storage).toEqual({ from: 10 * GIB, to: 150 * GIB, maximumBytes: 150 * GIB });
    expect(describe(plan({ changes: [disk(10 * GIB)] }))).toContain('disk 10 GiB → 150 GiB');
  });

  it('has room for the other databases', () => {
    expect(plan({ changes: [disk(10 * GIB)], server: server({ use: { otherBytes: 50 * GIB } }) }).storage?.to).toBe(200 * GIB);
  });

  it('never shrinks, and does not grow for a few rows more', () => {
    expect(plan().storage).toBeUndefined();
    expect(plan({ changes: [disk(145 * GIB)] }).storage).toBeUndefined();
  });

  it('is as it was before a change that was canceled', () => {
    const canceled = disk(150 * GIB, { state: 'canceled', previousMinimumStorageBytes: 10 * GIB });
    expect(plan({ changes: [canceled, disk(300 * GIB)] }).storage?.from).toBe(10 * GIB);
  });

  it.each<[string, Partial<TargetView>, RegExp]>([
    ['Metal', { branch: { ...BRANCH, isMetal: true } }, /Metal.*150 GiB/],
    ['nobody says how large it is', { changes: [] }, /cannot be seen yet, so it was not touched.*150 GiB/],
    [
      'the copy has begun',
      { changes: [disk(10 * GIB)], server: server({ disturbed: { copyHasBegun: true } }) },
      /10 GiB, and 150 GiB are wanted\. Growing it ends every connection/,
    ],
  ])('is left, and said: %s', (_what, given, words) => {
    const { storage, obstacles } = plan(given);
    expect(storage).toBeUndefined();
    expect(obstacles).toContainEqual({ what: 'disk of the target', remedy: expect.stringMatching(words), isRequired: false });
  });
});

group('the slot of the way back', () => {
  const listed = (value: string) => withParameter('logical_slots', { value });
  it.each([
    ['to enter', {}, {}],
    ['listed', { parameters: listed('a,planetscale_migration_reverse_shop') }, {}],
    ['by hand', { parameters: PARAMETERS.filter(({ name }) => name !== 'logical_slots') }, {}],
    ['not needed', { work: { ...WORK, hasWayBack: false } }, {}],
  ] as const)('%s', (status, given, input) => {
    expect(plan(given, input).slot.status).toBe(status);
  });

  it('is entered beside those of others, and one whose list takes a restart waits', () => {
    expect(describe(plan({ parameters: listed('theirs') }))).toContain('logical_slots theirs → theirs,planetscale_migration_reverse_shop');
    const restarting = withParameter('logical_slots', { restarts: true });
    expect(plan({ parameters: restarting, server: server({ disturbed: { others: ['1 session of app'] } }) }).obstacles).toContainEqual(
      expect.objectContaining({ what: 'planetscale_migration_reverse_shop is not in logical_slots', isRequired: false }),
    );
  });

  it('takes no other parameter for the list', () => {
    expect(plan({ parameters: [...PARAMETERS, parameter('failover_slots', '', { type: 'array' })] }).slot.status).toBe('by hand');
  });
});
