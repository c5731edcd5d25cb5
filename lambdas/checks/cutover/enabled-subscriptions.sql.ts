/** Subscriptions of this database that may be writing. */
import type { Statement } from '../../ports/database.ts';
import { statement } from '../../postgres/quote.ts';

export const enabledSubscriptions = (): Statement<{ readonly name: string }> =>
  statement(`
select s.subname::text as name
from pg_subscription as s
join pg_database as d on d.oid = s.subdbid and d.datname = current_database()
where s.subenabled
order by name
`);
