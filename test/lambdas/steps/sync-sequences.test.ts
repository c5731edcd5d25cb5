import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Reader } from '../../../lambdas/ports/database.ts';
import { identifier, literal, qualified } from '../../../lambdas/postgres/quote.ts';
import { lookAtSequences } from '../../../lambdas/sequences/look.ts';
import { describeLifecycle } from '../../support/lifecycle.ts';
import { startWorld, type World } from '../../support/world.ts';

const LONG = `ü${'x'.repeat(61)}`;
const HOSTILE = 'Weird "schema"\\%';

/** Alike on both sides; what differs comes later. */
const SEQUENCES = `
create schema ${identifier(HOSTILE)};
create table orders (id bigserial primary key, line int generated always as identity, note smallserial);
create table "Left Behind" (id serial primary key);
create unlogged table scratch (id serial primary key);
create sequence untouched start 100;
create sequence downwards increment -5 minvalue -100000 maxvalue 50;
create sequence leaping increment 1000;
create sequence near_its_end as smallint maxvalue 32767;
create sequence circle minvalue 1 maxvalue 10 cycle;
create sequence ${qualified(HOSTILE, 'Select "me" %s \\n')};
create sequence ${qualified(HOSTILE, LONG)} start 9000000000000000000;
`;
/** The application has been at work. */
const USED = `
select setval('orders_id_seq', 5000), setval('orders_line_seq', 70), setval('orders_note_seq', 3, false), setval('scratch_id_seq', 8),
  setval('downwards', -40), setval('leaping', 1), setval('near_its_end', 32000), setval('circle', 4),
  setval(${literal(qualified(HOSTILE, 'Select "me" %s \\n'))}, 42),
  setval('"Left Behind_id_seq"', 77);
create temporary sequence gone;
`;
const INPUT = { excludeTables: ['public."Left Behind"'] };

/** Every sequence's own row, by name. */
async function positions(sql: World['source']): Promise<Record<string, string>> {
  const names = await sql(`select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'S' and n.nspname !~ '^pg_' order by 1, 2`);
  const found: Record<string, string> = {};
  for (const { nspname, relname } of names as { nspname: string; relname: string }[]) {
    const [row] = await sql(
      `select last_value || case when is_called then '' else ' not called' end as at from ${qualified(nspname, relname)}`,
    );
    found[nspname === 'public' ? relname : `${nspname}.${relname}`] = String(row?.at);
  }
  return found;
}

describe('SyncSequences', () => {
  let world: World;
  let siblings = 0;
  const fresh = (): Promise<World> => {
    siblings += 1;
    return world.sibling(`sequences ${siblings}`);
  };
  beforeAll(async () => {
    world = await startWorld({ source: 15, target: 18, schema: SEQUENCES + USED, targetSchema: SEQUENCES });
  });
  afterAll(() => world?.destroy());

  describeLifecycle('SyncSequences', { world: () => fresh(), effect: (one) => positions(one.target), input: INPUT });

  it('sets each ahead in its own units, and leaves the source unchanged', async () => {
    const one = await fresh();
    const before = await positions(one.source);
    const { evidence } = await one.until('SyncSequences', { input: { ...INPUT, sequenceMargin: 1000 } });
    expect(await positions(one.source)).toEqual(before);
    expect(await positions(one.target)).toEqual({
      orders_id_seq: '6000',
      orders_line_seq: '1070',
      orders_note_seq: '1003 not called',
      'Left Behind_id_seq': '1 not called',
      scratch_id_seq: '1008',
      untouched: '1100 not called',
      downwards: '-5040',
      leaping: '1000001',
      near_its_end: '32767',
      circle: '10',
      [`${HOSTILE}.Select "me" %s \\n`]: '1042',
      [`${HOSTILE}.${LONG}`]: '9000000000000001000 not called',
    });
    expect(evidence).toEqual({
      sequences: 11,
      behind: [],
      atTheirBound: ['"public"."circle"', '"public"."near_its_end"'],
      cycling: ['"public"."circle"'],
      differing: [],
    });
  });

  it('copies exactly with a margin of 0', async () => {
    const one = await fresh();
    await one.until('SyncSequences', { input: { ...INPUT, sequenceMargin: 0 } });
    const { 'Left Behind_id_seq': _, ...wanted } = await positions(one.source);
    expect(await positions(one.target)).toMatchObject(wanted);
  });

  it('leaves a target that is ahead of that, and acts again once half of the margin is used up', async () => {
    const one = await fresh();
    await one.target(`select setval('leaping', 999000001), setval('downwards', -99000)`);
    const input = { ...INPUT, sequenceMargin: 100 };
    await one.until('SyncSequences', { input });
    expect(await positions(one.target)).toMatchObject({ leaping: '999000001', downwards: '-99000', orders_id_seq: '5100' });
    await one.source(`select setval('orders_id_seq', 5050)`);
    await one.until('SyncSequences', { input });
    expect(await positions(one.target)).toMatchObject({ orders_id_seq: '5100' });
    await one.source(`select setval('orders_id_seq', 5051)`);
    await one.until('SyncSequences', { input });
    expect(await positions(one.target)).toMatchObject({ leaping: '999000001', orders_id_seq: '5151' });
  });

  it('reaches its verdict while the source hands out numbers', async () => {
    const one = await fresh();
    let stop = false;
    const writer = (async () => {
      while (!stop) await one.source(`select nextval('orders_id_seq') from generate_series(1, 50)`);
    })();
    try {
      const { verdict } = await one.until('SyncSequences', { input: INPUT });
      expect(verdict).toBe('done');
    } finally {
      stop = true;
      await writer;
    }
    const [source, target] = await Promise.all([positions(one.source), positions(one.target)]);
    expect(Number(target.orders_id_seq)).toBeGreaterThan(Number(source.orders_id_seq));
  });

  it('names a sequence that the target lacks, and changes nothing', async () => {
    const one = await fresh();
    await one.target('drop sequence leaping');
    const before = await positions(one.target);
    await expect(one.visit('SyncSequences', { input: INPUT })).rejects.toMatchObject({
      name: 'VerificationError',
      message: expect.stringContaining('"public"."leaping"'),
    });
    expect(await positions(one.target)).toEqual(before);
  });

  it('refuses numbers outside of the bounds on the target, and a target with the opposite sign', async () => {
    const one = await fresh();
    await one.target('alter sequence orders_id_seq maxvalue 4999');
    await expect(one.visit('SyncSequences', { input: INPUT })).rejects.toMatchObject({
      name: 'SequenceOutOfBounds',
      message: expect.stringContaining('"public"."orders_id_seq"'),
    });
    await one.target('alter sequence orders_id_seq no maxvalue; alter sequence leaping increment -1 minvalue -50');
    await expect(one.visit('SyncSequences', { input: INPUT })).rejects.toMatchObject({
      name: 'VerificationError',
      message: expect.stringContaining('"public"."leaping"'),
    });
  });

  it('says which definitions differ, and keeps to the bounds of the target', async () => {
    const one = await fresh();
    await one.target('alter sequence orders_id_seq increment 2 maxvalue 5500');
    const { evidence } = await one.until('SyncSequences', { input: INPUT });
    expect(evidence).toMatchObject({
      differing: [
        '"public"."orders_id_seq": increment 1 on the source, 2 on the target; maximum 9223372036854775807 on the source, 5500 on the target',
      ],
      atTheirBound: expect.arrayContaining(['"public"."orders_id_seq"']),
    });
    expect(await positions(one.target)).toMatchObject({ orders_id_seq: '5500' });
  });

  it('reads 3,000 sequences in seven statements a side, and sets them in one', async () => {
    const one = await fresh();
    const many = `do $$ begin for i in 1 .. 3000 loop execute format('create sequence public.%I', 'Many ' || i); end loop; end $$`;
    await Promise.all([one.asSourceRole(many), one.asTargetRole(many)]);
    const asked: string[] = [];
    const counting = (side: string, reader: Reader): Pick<Reader, 'query'> => ({
      query(statement) {
        asked.push(side);
        return reader.query(statement);
      },
    });
    const { looking } = one.ports('SyncSequences');
    const look = await lookAtSequences(counting('source', looking.source), counting('target', looking.target), {
      excludeSchemas: [],
      excludeTables: [{ schema: 'public', table: 'Left Behind' }],
    });
    expect(look.pairs).toHaveLength(3011);
    expect(asked.filter((side) => side === 'source')).toHaveLength(7);
    expect(asked.filter((side) => side === 'target')).toHaveLength(7);
    const { evidence } = await one.until('SyncSequences', { input: INPUT });
    expect(evidence).toMatchObject({ sequences: 3011, behind: [] });
  });
});

describe.each([11, 13, 17, 18] as const)('SyncSequences from version %i', (source) => {
  it('sets all sequences ahead', async () => {
    const world = await startWorld({ source, target: source === 11 ? 17 : 18, schema: SEQUENCES + USED, targetSchema: SEQUENCES });
    try {
      const { evidence } = await world.until('SyncSequences', { input: INPUT });
      expect(evidence).toMatchObject({ sequences: 11, behind: [], differing: [] });
      expect(await positions(world.target)).toMatchObject({ orders_id_seq: '15000', orders_note_seq: '10003 not called' });
    } finally {
      await world.destroy();
    }
  });
});
