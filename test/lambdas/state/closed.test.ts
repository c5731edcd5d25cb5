import { describe, expect, it } from 'vitest';
import { PREFIX } from '../../../lambdas/config/names.ts';
import { statement } from '../../../lambdas/postgres/quote.ts';
import { closed } from '../../../lambdas/state/closed.sql.ts';
import { eventually } from '../../support/replicated.ts';
import { versions } from '../../support/versions.ts';
import { startWorld } from '../../support/world.ts';

describe.each(versions([13, 17], [17, 18]))('a table of ours from %i to %i', (source, target) => {
  it('is made once where two visits make it at the same moment', async () => {
    const world = await startWorld({ source, target });
    try {
      const { acting } = world.ports('CreateSubscription');
      await acting.target.query(statement(`create schema ${PREFIX}`));
      const making = closed('worker_pins', `create table if not exists ${PREFIX}.worker_pins (n int)`);
      const first = await acting.target.session('1');
      await first.script('begin');
      await first.query(making);
      const second = acting.target.query(making);
      await eventually(async () => (await world.target(`select from pg_stat_activity where wait_event_type = 'Lock'`)).length > 0);
      await first.script('commit');
      await second;
      await first.end();
      expect(await world.target(`select relname from pg_class where relname = 'worker_pins'`)).toHaveLength(1);
    } finally {
      await world.destroy();
    }
  });
});
