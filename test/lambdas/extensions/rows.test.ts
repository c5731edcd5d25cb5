import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partman } from '../../support/extensions.ts';
import { startWorld, type World } from '../../support/world.ts';

const CONFIG = 'select parent, owner, retention::text, options, names, last_run::text from partman."part config" order by parent';
const OWN = { parent: "the extension's", owner: 'own', retention: null, options: null, names: null, last_run: null };
const ROWS = `
insert into partman."part config" (parent, retention, options, names, last_run) values
  ('public.events', '1 mon 02:03:04', '{"a": [1, "it''s"], "b": null}', '{x,"y z",NULL}', '2024-02-29 12:34:56.789+00'),
  ('a "b" \\ \u00e9', null, '"text"', '{}', 'infinity');
insert into partman.sub values ('public.events', null), ('public.events', null), ('public.events', '');
select setval('partman.config_seq', 4711);
`;

describe.each([
  [11, 17],
  [18, 18],
] as const)('configuration rows of an extension, from %i to %i (#11)', (source, target) => {
  let world: World;
  let made = 0;
  beforeAll(async () => {
    world = await startWorld({ source, target });
  });
  afterAll(() => world?.destroy());

  /** With the extension on both sides, and the master user let at the source's. */
  const fresh = async (rows = ROWS): Promise<World> => {
    made += 1;
    const shop = await world.sibling(`extension ${made}`);
    await shop.source(`${partman()}${rows}
grant usage on schema partman to "${shop.database.source.user}"; grant select on all tables in schema partman to "${shop.database.source.user}";
grant select on all sequences in schema partman to "${shop.database.source.user}"`);
    await shop.target(partman());
    return shop;
  };

  it("are copied with their sequences, and the extension's own rows stay unchanged", async () => {
    const shop = await fresh();
    const { evidence } = await shop.visit('SyncSequences');
    expect(evidence).toMatchObject({
      ofExtensions: [
        { object: '"partman"."part config" (pg_partman)', rows: 2, left: null },
        { object: '"partman"."sub" (pg_partman)', rows: 3, left: null },
      ],
    });
    expect(await shop.target(CONFIG)).toEqual(await shop.source(CONFIG));
    expect(await shop.target(CONFIG)).toContainEqual(OWN);
    expect(await shop.target('select note from partman.sub order by note')).toEqual([{ note: '' }, { note: null }, { note: null }]);
    expect(await shop.target("select nextval('partman.config_seq')::int as n")).toEqual([{ n: 4712 }]);
  });

  it('follow later changes in the next execution, and rows only on the target stay', async () => {
    const shop = await fresh();
    await shop.visit('SyncSequences');
    await shop.source(`update partman."part config" set names = '{z}' where parent = 'public.events';
insert into partman."part config" (parent) values ('late')`);
    await shop.target(`insert into partman."part config" (parent) values ('only there')`);
    await shop.visit('SyncSequences');
    expect(await shop.target('select from partman."part config" where parent = \'late\'')).toEqual([]);
    await shop.visit('SyncSequences', { execution: 'another' });
    const there = await shop.target(CONFIG);
    expect(there.filter(({ parent }) => parent !== 'only there')).toEqual(await shop.source(CONFIG));
    expect(there).toHaveLength(5);
    expect(await shop.target('select count(*)::int as n from partman.sub')).toEqual([{ n: 3 }]);
  });

  it('are named with the reason where they cannot be copied, and hold up no others', async () => {
    const shop = await fresh();
    await shop.target(`create function public.seen() returns trigger language plpgsql as 'begin return new; end';
create trigger "of others" before insert on partman."part config" for each row execute procedure public.seen()`);
    await shop.source(`revoke select on partman.sub from "${shop.database.source.user}"`);
    const { evidence } = await shop.visit('SyncSequences');
    expect(evidence).toMatchObject({
      ofExtensions: [
        { object: '"partman"."part config" (pg_partman)', rows: 0, left: expect.stringContaining('trigger of others') },
        { object: '"partman"."sub" (pg_partman)', rows: 0, left: expect.stringContaining('permission denied') },
      ],
    });
    expect(await shop.target("select nextval('partman.config_seq')::int as n")).toEqual([{ n: 4712 }]);
  });

  it('are not copied where the input excludes their schema', async () => {
    const shop = await fresh();
    const { evidence } = await shop.visit('SyncSequences', { input: { excludeSchemas: ['partman'] } });
    expect(evidence).not.toHaveProperty('ofExtensions');
    expect(await shop.target(CONFIG)).toEqual([OWN]);
  });
});
