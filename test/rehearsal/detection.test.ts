import { describe, expect, it } from 'vitest';
import { EXIT_CODES, summary } from '../../lib/rehearsal/report.ts';
import { rehearseQuickly, sql } from '../support/rehearsal.ts';

describe('a rehearsal that goes wrong', () => {
  it('reports a row that was lost and one that came twice, although every step was content', async () => {
    const report = await rehearseQuickly(['--rows=10', '--writers=2'], {
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
    expect(text).toContain('1 acknowledged writes are not on the target.');
  });
});
