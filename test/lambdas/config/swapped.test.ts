/** What takes the place of a relation between the listing and the reading is not read. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openPorts } from '../../../lambdas/adapters/open-ports.ts';
import { openSides } from '../../../lambdas/comparison/sides.ts';
import { compareNextPart } from '../../../lambdas/comparison/table.ts';
import { REPLICATION_ROLE } from '../../../lambdas/config/names.ts';
import type { Reader } from '../../../lambdas/ports/database.ts';
import { FEATURE_NOT_SUPPORTED, LOCK_NOT_AVAILABLE } from '../../../lambdas/postgres/sqlstates.ts';
import { publishedTables } from '../../../lambdas/postgres/tables.sql.ts';
import { lookAtSequences } from '../../../lambdas/sequences/look.ts';
import { versions } from '../../support/versions.ts';
import { startWorld, type World } from '../../support/world.ts';
import { letReadersIn } from '../comparison/finished.ts';

const EVERYTHING = { excludeSchemas: [], excludeTables: [] };
const SCHEMA = `
create table public.listed (id int primary key, note text);
insert into public.listed select n, 'note' from generate_series(1, 10) n;
create table public.loose (n int);
create sequence public.untouched;
create sequence public.called;
select nextval('public.called');
create function public.ran() returns int language plpgsql as $$ begin raise exception 'it ran'; end $$;`;

/** Puts a view in the place of a relation as soon as a statement of this kind was answered. */
function swappingAfter(reader: Reader, isIt: (text: string) => boolean, swap: () => Promise<unknown>): Reader {
  let done = false;
  const watched = (one: Pick<Reader, 'query'>): Pick<Reader, 'query'> => ({
    async query(statement) {
      const rows = await one.query(statement);
      if (!done && isIt(statement.text)) {
        done = true;
        await swap();
      }
      return rows;
    },
  });
  return { ...reader, ...watched(reader), snapshot: (look) => reader.snapshot((snapshot) => look(watched(snapshot))) };
}

describe.each(versions([11, 17] as const, [15, 18] as const, [17, 18] as const))(
  'a view that replaced a relation, from version %i to %i (#9.9)',
  (source, target) => {
    let base: World;
    let world: World;
    let worlds = 0;
    beforeAll(async () => {
      base = await startWorld({ source, target, schema: SCHEMA, targetSchema: SCHEMA });
    });
    beforeEach(async () => {
      worlds += 1;
      world = await base.sibling(`swapped ${worlds}`);
      await letReadersIn(world);
    });
    afterAll(() => base?.destroy());

    it.each(['listed', 'loose'])('is not read as the table %s', async (table) => {
      const { looking, close } = openPorts('CompareData', world.places);
      const swap = () =>
        world.source(`alter table public.${table} rename to "${table} before";
create view public.${table} as select public.ran() as ${table === 'listed' ? 'id, null::text as note' : 'n'};
grant select on public.${table} to ${REPLICATION_ROLE}`);
      try {
        const tables = await looking.comparison.source.query(publishedTables(EVERYTHING));
        const published = tables.find((one) => one.table === table);
        if (!published) throw new Error(`${table} is published.`);
        const swapping = swappingAfter(looking.comparison.source, (text) => text.startsWith('with recursive subject'), swap);
        const sides = await openSides({ comparison: { ...looking.comparison, source: swapping }, remainingMs: () => 60_000 });
        await expect(compareNextPart(sides, published, { lead: 'source', after: null })).rejects.toMatchObject({
          name: 'StatementFailed',
          complaint: { code: FEATURE_NOT_SUPPORTED },
          message: expect.stringContaining('is no table any more'),
        });
      } finally {
        await close();
      }
    });

    it('is not read as a sequence', async () => {
      const { looking, close } = openPorts('SyncSequences', world.places);
      const swap = () =>
        world.source(`alter sequence public.untouched rename to other;
create view public.untouched as select public.ran() as last_value, true as is_called`);
      try {
        const swapping = swappingAfter(looking.source, (text) => text.startsWith('select n.nspname'), swap);
        await expect(lookAtSequences(swapping, looking.target, EVERYTHING)).rejects.toMatchObject({ name: 'TransientError' });
      } finally {
        await close();
      }
    });

    it('cannot replace a sequence that is being read', async () => {
      const { looking, close } = openPorts('SyncSequences', world.places);
      const swap = () =>
        expect(world.source(`set lock_timeout = '200ms'; alter sequence public.untouched rename to other`)).rejects.toMatchObject({
          code: LOCK_NOT_AVAILABLE,
        });
      try {
        const swapping = swappingAfter(looking.source, (text) => text.startsWith('select v.n, v.last'), swap);
        const { pairs } = await lookAtSequences(swapping, looking.target, EVERYTHING);
        expect(pairs.map((pair) => [pair.source.name, pair.source.last, pair.source.called])).toEqual([
          ['called', '1', true],
          ['untouched', '1', false],
        ]);
      } finally {
        await close();
      }
    });
  },
);
