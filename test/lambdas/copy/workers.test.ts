import { describe, expect, it } from 'vitest';
import { workersFor } from '../../../lambdas/copy/workers.ts';
import { sessionRoom as room } from '../../support/session-room.ts';

const AMPLE = room(5_000);
const plenty = { source: AMPLE, target: AMPLE, concurrency: undefined };

describe('how many workers may copy', () => {
  it('is what is wanted, where both sides have room, and more are begun for later', () => {
    expect(workersFor({ ...plenty, wanted: 8 })).toEqual({ workers: 8, began: 32, why: [] });
    expect(workersFor({ ...plenty, wanted: 1 })).toEqual({ workers: 1, began: 4, why: [] });
    expect(workersFor({ ...plenty, wanted: 120 })).toEqual({ workers: 120, began: 200, why: [] });
    expect(workersFor({ ...plenty, concurrency: 1_000, wanted: 200 })).toEqual({ workers: 200, began: 200, why: [] });
  });

  it('is none in a pause, and children wait for its end', () => {
    expect(workersFor({ ...plenty, wanted: 0 })).toEqual({ workers: 0, began: 32, why: [] });
  });

  it('leaves the source room for the application', () => {
    const source = room(100, { others: 60 });
    expect(workersFor({ ...plenty, source, wanted: 16 })).toEqual({
      workers: 9,
      began: 9,
      why: [
        'source: max_connections 100, 3 reserved, 60 taken by others now, 20 left free, 8 for the rest of the migration, and 1 session a worker: room for 9',
      ],
    });
    expect(workersFor({ ...plenty, source, wanted: 4 })).toEqual({ workers: 4, began: 9, why: [] });
  });

  it('takes two sessions of the target for each, and those of the builds', () => {
    expect(workersFor({ ...plenty, target: room(25), wanted: 8 })).toMatchObject({ workers: 4, began: 4 });
    expect(workersFor({ ...plenty, target: room(25), wanted: 8, indexWorkers: 6 })).toMatchObject({ workers: 2, began: 2 });
  });

  it('heeds the limits of roles and databases, and names the tightest of each side', () => {
    const tight = { ...plenty, wanted: 8 };
    expect(workersFor({ ...tight, source: room(500, { copyLimit: 5 }) })).toEqual({
      workers: 3,
      began: 3,
      why: ['source: connection limit of the role that copies 5, 2 for the rest of the migration, and 1 session a worker: room for 3'],
    });
    expect(workersFor({ ...tight, source: room(500, { ownLimit: 1 }) })).toMatchObject({ workers: 8 });
    expect(workersFor({ ...tight, target: room(500, { ownLimit: 14, ownOthers: 1 }) })).toMatchObject({ workers: 5 });
    expect(workersFor({ ...tight, target: room(500, { databaseLimit: 30, databaseOthers: 4 }) })).toMatchObject({ workers: 6 });
    const both = workersFor({ ...tight, source: room(30), target: room(25) });
    expect(both).toMatchObject({ workers: 4, began: 4 });
    expect(both.why.map((why) => why.split(':')[0])).toEqual(['target']);
  });

  it('is bounded by the functions of the account', () => {
    expect(workersFor({ ...plenty, concurrency: 10, wanted: 8 })).toEqual({
      workers: 4,
      began: 4,
      why: [
        'functions that the account may run at a time 10, 2 left free, 4 for the rest of the migration, and 1 function a worker: room for 4',
      ],
    });
  });

  it('is one where there is room for one only in what is left free', () => {
    const one = workersFor({ ...plenty, source: room(12), wanted: 8 });
    expect(one).toMatchObject({ workers: 1, began: 1, why: [expect.stringMatching(/room for 1 in what is left free$/)] });
    expect(workersFor({ ...plenty, concurrency: 5, wanted: 8 })).toMatchObject({ workers: 1, began: 1 });
  });

  it('is none where there is no room, with the reason first', () => {
    const none = workersFor({ ...plenty, source: room(11), target: room(25), wanted: 8 });
    expect(none).toMatchObject({ workers: 0, began: 0 });
    expect(none.why.map((why) => why.split(':')[0])).toEqual(['source', 'target']);
    expect(workersFor({ ...plenty, concurrency: 4, wanted: 8 })).toMatchObject({ workers: 0, began: 0 });
    expect(workersFor({ ...plenty, source: room(11), wanted: 0 }).why).toHaveLength(1);
  });
});
