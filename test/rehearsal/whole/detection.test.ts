import { describe, expect, it } from 'vitest';
import { summary } from '../../../rehearsal/display/summary.ts';
import { EXIT_CODES } from '../../../rehearsal/report.ts';
import { rehearseQuickly, sql } from '../../support/rehearsal.ts';

describe('a rehearsal that fails', () => {
  it('reports a lost row and a duplicate, although every step passed', async () => {
    const report = await rehearseQuickly(['--rows=10', '--writers=2', '--until=replicate'], {
      async onVisited({ machine, step, outcome }, { servers }) {
        if (machine !== 'Replicate' || step !== 'CompareData' || !('verdict' in outcome) || outcome.verdict !== 'done') return;
        const target = servers.target?.superuser('Corner "Shop"');
        if (!target) throw new Error('There is no embedded target.');
        await sql(
          target,
          `set session_replication_role = replica;
delete from shop.event where request_id = (select min(request_id) from shop.event where request_id like 'rehearsal-%' and version = 0);
insert into shop.access_log select * from shop.access_log where request_id = (
  select min(request_id) from shop.access_log where request_id like 'rehearsal-%' and version = 0
);
drop index shop.page_view_slow;
select setval('shop.customer_id_seq', 1)`,
        );
      },
    });
    expect(report.outcome).toBe('failed');
    expect(EXIT_CODES[report.outcome]).toBe(1);
    expect(report.writes.lost).toBe(1);
    expect(report.writes.duplicated).toBe(1);
    expect(report.tables.different).toContain('"shop"."access_log"');
    expect(report.sequences.behind).toEqual(['"shop"."customer_id_seq"']);
    expect(report.indexes.missing).toEqual(['"page_view_slow" on "shop"."page_view"']);
    const text = summary(report);
    expect(text).toContain('FAILED');
    expect(text).toContain('1 acknowledged writes are lost.');
  });

  it('reports rows lost after a switch although both sides agree, duplicate keys, and what Cleanup left', async () => {
    let cutovers = 0;
    const report = await rehearseQuickly(['--rows=10'], {
      async onVisited({ machine, step, outcome }, { servers, target }) {
        if (!('verdict' in outcome) || outcome.verdict !== 'done') return;
        const superuserOf = (side: 'source' | 'target') => {
          const server = servers[side];
          if (!server) throw new Error(`There is no embedded ${side}.`);
          return server.superuser('Corner "Shop"');
        };
        if (machine === 'Cutover' && step === 'SwitchOver') cutovers += 1;
        if (step === 'SwitchOver' && cutovers === 2) {
          // As the target's owner, so that it flows back to the source: then the sides are equal, and only the journal knows. A row of a
          // pinned session, because a writer might have removed its own later by itself.
          await sql(
            target,
            `delete from shop.event where request_id = (select min(request_id) from shop.event where request_id like 'rehearsal-%-pinned-%')`,
          );
          await sql(target, `select setval('shop.event_id_seq', 1); select setval(pg_get_serial_sequence('shop.page_view', 'id'), 1)`);
        }
        if (step === 'DropReplication') {
          await sql(superuserOf('source'), `alter database "Corner ""Shop""" set my.setting = 'x'; create role left_behind`);
          await sql(superuserOf('target'), `select pg_create_logical_replication_slot('forgotten', 'pgoutput')`);
        }
      },
    });
    expect(report.outcome).toBe('failed');
    expect(report.machines.map(({ status }) => status)).toEqual(Array(6).fill('SUCCEEDED'));
    expect(report.tables.different).toEqual([]);
    expect(report.writes).toMatchObject({ lost: 1, overlap: 0 });
    expect(report.writes.duplicateKeys).toBeGreaterThan(0);
    expect(report.catalogs.different).toEqual([
      'source, roles: left_behind was left',
      'source, settings: my.setting of role any in database Corner "Shop" was left',
      'target, slots: forgotten was left',
    ]);
    const text = summary(report);
    expect(text).toContain('1 acknowledged writes are lost.');
    expect(text).toContain('target, slots: forgotten was left');
  });

  it('starts Recovery after a failed switch, and reports its cause', async () => {
    const report = await rehearseQuickly(['--rows=10'], {
      async onVisited({ machine, step, outcome }, { source }) {
        if (machine === 'Cutover' && step === 'CompareData' && 'verdict' in outcome && outcome.verdict === 'done') {
          await sql(source, 'create table shop.made_meanwhile (id integer primary key)');
        }
      },
    });
    expect(report.outcome).toBe('failed');
    expect(report.machines.map(({ name, status }) => `${name} ${status}`)).toEqual([
      ...['Preflight SUCCEEDED', 'Replicate SUCCEEDED', 'Cutover FAILED', 'Recovery SUCCEEDED'],
    ]);
    expect(report.reasons[0]).toContain('Cutover failed: CutoverRefused');
    expect(report.reasons[0]).toContain('made_meanwhile');
    expect(report).toMatchObject({ switches: [], switch: null, downtimeMs: null, writes: { lost: 0, duplicated: 0 } });
  });
});
