import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientConfig } from '../../lambdas/adapters/postgres/client-config.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import { type Pair, startPair } from '../../rehearsal/servers/pair.ts';
import { loadShop } from '../../rehearsal/shop/load.ts';
import { auditWrites } from '../../rehearsal/workload/audit-writes.ts';
import { seenByWriters } from '../../rehearsal/workload/handover.ts';
import { type FoundRow, Journal } from '../../rehearsal/workload/journal.ts';
import { createOwnTables, dropOwnTables, OWN_SUBJECTS } from '../../rehearsal/workload/own-subjects.ts';
import { SHOP_SUBJECTS } from '../../rehearsal/workload/shop-subjects.ts';
import { startWorkload } from '../../rehearsal/workload/workload.ts';

describe('the journal of acknowledged writes', () => {
  const row = (token: string, version: number): FoundRow => ({ table: 't', token, version });
  const journalOf = (...changes: [string, number | 'deleted'][]): Journal => {
    const journal = new Journal();
    for (const [token, version] of changes) journal.acknowledge([{ table: 't', token, version }]);
    return journal;
  };

  it('finds nothing wrong where every write arrived once', () => {
    const journal = journalOf(['a', 0], ['b', 0], ['a', 1], ['c', 0], ['c', 'deleted']);
    expect(journal.acknowledged).toBe(5);
    expect(journal.audit([row('a', 1), row('b', 0)])).toEqual({ lost: 0, duplicated: 0 });
  });

  it('counts an insert, an update and a delete that did not arrive', () => {
    expect(journalOf(['a', 0], ['b', 0]).audit([row('a', 0)])).toEqual({ lost: 1, duplicated: 0 });
    expect(journalOf(['a', 0], ['a', 1], ['a', 2]).audit([row('a', 0)])).toEqual({ lost: 2, duplicated: 0 });
    expect(journalOf(['a', 0], ['a', 'deleted']).audit([row('a', 0)])).toEqual({ lost: 1, duplicated: 0 });
  });

  it('counts a transaction once, of which one row did not arrive', () => {
    const journal = new Journal();
    journal.acknowledge([
      { table: 't', token: 'a', version: 0 },
      { table: 'other', token: 'a', version: 0 },
    ]);
    expect(journal.audit([row('a', 0)])).toEqual({ lost: 1, duplicated: 0 });
  });

  it('counts rows that arrived more than once', () => {
    expect(journalOf(['a', 0]).audit([row('a', 0), row('a', 0), row('a', 0)])).toEqual({ lost: 0, duplicated: 2 });
  });

  it('keeps the longest time between two acknowledgements, and the refusals of servers', () => {
    const journal = new Journal();
    for (const now of [100, 150, 1150, 1200]) journal.acknowledge([], 'here', now);
    journal.reject();
    journal.reject('42501: permission denied');
    journal.reject('42501: permission denied');
    expect([journal.longestPauseMs, journal.rejected, journal.refusals]).toEqual([1000, 3, ['42501: permission denied (2 times)']]);
    expect(journal.duplicateKeys).toBe(0);
    journal.reject('23505: duplicate key value violates unique constraint "t_pkey"');
    expect(journal.duplicateKeys).toBe(1);
  });

  it('returns who acknowledged a write, and leaves out writes found only by a query', () => {
    const journal = new Journal();
    journal.acknowledge([], 'here', 1);
    journal.acknowledge([], undefined, 2);
    journal.acknowledge([], 'there', 3);
    expect(journal.acknowledged).toBe(3);
    expect(journal.acknowledgements).toEqual([
      { at: 1, place: 'here' },
      { at: 3, place: 'there' },
    ]);
  });
});

describe("a switch in the writers' journal", () => {
  const acknowledged = (...told: [number, string][]) => told.map(([at, place]) => ({ at, place }));
  const over = { left: 'here', arrived: 'there', from: 100, to: 200 };

  it('lasts from the last write on one side to the first on the other', () => {
    const told = acknowledged([90, 'there'], [110, 'here'], [120, 'here'], [165.04, 'there'], [170, 'there'], [210, 'here']);
    expect(seenByWriters(told, over)).toEqual({ downtimeMs: 45, overlap: 0 });
  });

  it('counts every write that the fenced side acknowledged after the first one of the other', () => {
    const told = acknowledged([110, 'here'], [120, 'there'], [121, 'here'], [130, 'there'], [140, 'here']);
    expect(seenByWriters(told, over)).toEqual({ downtimeMs: 10, overlap: 2 });
  });

  it('is absent for a time without writes', () => {
    expect(seenByWriters([], over)).toEqual({ downtimeMs: null, overlap: 0 });
    expect(seenByWriters(acknowledged([110, 'here']), over)).toEqual({ downtimeMs: null, overlap: 0 });
    expect(seenByWriters(acknowledged([110, 'there']), over)).toEqual({ downtimeMs: null, overlap: 0 });
  });
});

describe('writers on a real server', () => {
  let pair: Pair;
  let shop: ConnectionSettings;
  beforeAll(async () => {
    pair = await startPair({ source: 15, target: 18 });
    shop = (await pair.createDatabase('Shop "writers"')).source;
    await loadShop(shop, 10);
  });
  afterAll(() => pair.destroy());

  const run = async (settings: ConnectionSettings, ...texts: string[]) => {
    const client = new pg.Client(clientConfig(settings, 'test'));
    await client.connect();
    try {
      for (const text of texts) await client.query(text);
    } finally {
      await client.end();
    }
  };
  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
  };

  it('read their secret again after every error, and know of each write whether it happened', async () => {
    let reads = 0;
    const secret = {
      async read() {
        reads += 1;
        return shop;
      },
    };
    const workload = startWorkload({ secret, subjects: SHOP_SUBJECTS, writers: 3, rate: 500 });
    for (const shutdown of ['fast', 'crash'] as const) {
      const before = workload.journal.acknowledged;
      await until(() => workload.journal.acknowledged > before + 150);
      await pair.source.restart({}, shutdown);
    }
    const before = workload.journal.acknowledged;
    await until(() => workload.journal.acknowledged > before + 150);
    await workload.stop();
    expect(reads).toBeGreaterThanOrEqual(9);
    expect(workload.journal.rejected).toBeGreaterThan(0);
    expect(workload.journal.refusals).toEqual([]);
    expect(await auditWrites(workload.journal, SHOP_SUBJECTS, shop)).toEqual({ lost: 0, duplicated: 0 });

    await run(
      shop,
      `insert into shop.access_log select * from shop.access_log where request_id like 'rehearsal-%' limit 1`,
      `delete from shop.event where request_id = (select min(request_id) from shop.event where request_id like 'rehearsal-%')`,
      `update shop.stock set version = version - 1 where request_id = (select min(request_id) from shop.stock where version = 1)`,
    );
    const audit = await auditWrites(workload.journal, SHOP_SUBJECTS, shop);
    expect(audit.duplicated).toBe(1);
    expect(audit.lost).toBeGreaterThanOrEqual(2);
  });

  it('report what the server refused, and continue', async () => {
    await run(shop, `create publication broken for table shop.stock`, `alter table shop.stock replica identity nothing`);
    const workload = startWorkload({ secret: { read: async () => shop }, subjects: SHOP_SUBJECTS, writers: 1, rate: 500 });
    try {
      await until(() => workload.journal.refusals.length > 0);
      expect(workload.journal.refusals[0]).toContain('55000: cannot');
    } finally {
      workload.abandon();
      await workload.stop();
      await run(shop, 'drop publication broken', 'alter table shop.stock replica identity default');
    }
  });

  it('use tables of their own on a database that is not the sample', async () => {
    const { source } = await pair.createDatabase('another database');
    await run(source, ...createOwnTables().map(({ text }) => text));
    const workload = startWorkload({ secret: { read: async () => source }, subjects: OWN_SUBJECTS, writers: 2, rate: 500 });
    await until(() => workload.journal.acknowledged > 100);
    await workload.stop();
    expect(await auditWrites(workload.journal, OWN_SUBJECTS, source)).toEqual({ lost: 0, duplicated: 0 });
    await run(source, dropOwnTables().text, dropOwnTables().text);
  });
});
