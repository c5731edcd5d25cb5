/** Exact copies of sequences between real servers: what is handed out next is what would have been handed out. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Session } from '../../../lambdas/ports/database.ts';
import { identifier, literal, qualified } from '../../../lambdas/postgres/quote.ts';
import { prepareSequences, readPositions, setExactly } from '../../../lambdas/sequences/exact.ts';
import { startWorld, type World } from '../../support/world.ts';

const LONG = `ü${'x'.repeat(61)}`;
const HOSTILE = 'Weird "schema"\\%';
const STRANGE = qualified(HOSTILE, `Select 'me' "%I" \\n`);

const SEQUENCES = `
create schema ${identifier(HOSTILE)};
create schema "left out";
create table orders (id bigserial primary key, line int generated always as identity, note smallserial);
create table "Left Behind" (id serial primary key);
create unlogged table scratch (id serial primary key);
create sequence untouched start 100;
create sequence restarted;
create sequence downwards increment -5 minvalue -100000 maxvalue 50;
create sequence leaping increment 1000;
create sequence used_up as smallint maxvalue 12;
create sequence circle minvalue 1 maxvalue 10 cycle;
create sequence cached cache 50;
create sequence ${STRANGE};
create sequence ${qualified(HOSTILE, LONG)} start 9000000000000000000;
`;
const USED = `
select setval('orders_id_seq', 5000), setval('orders_line_seq', 70), setval('orders_note_seq', 3, false), setval('scratch_id_seq', 8),
  setval('downwards', -40), setval('leaping', 1), setval('used_up', 12), setval('circle', 10), nextval('cached'), setval('restarted', 7),
  setval(${literal(STRANGE)}, 42), setval('"Left Behind_id_seq"', 77);
alter sequence restarted restart with 55;
create temporary sequence gone;
`;
const INPUT = { excludeSchemas: ['left out'], excludeTables: [{ schema: 'public', table: 'Left Behind' }] };
const NAMES = [
  ...['orders_id_seq', 'orders_line_seq', 'orders_note_seq', 'scratch_id_seq', 'untouched', 'restarted', 'downwards', 'leaping'],
  ...['used_up', 'circle', 'cached', STRANGE, qualified(HOSTILE, LONG)],
];
type SideSql = World['source'];

/** Every copied sequence's own row. */
async function rows(sql: SideSql): Promise<unknown> {
  const selects = NAMES.map((name, n) => `select ${n} as n, last_value::text, is_called from ${name}`);
  return sql(`${selects.join(' union all ')} order by 1`);
}

/** What each hands out next, or that it is at its end. */
async function nextOnes(sql: SideSql): Promise<string[]> {
  const next: string[] = [];
  for (const name of NAMES) {
    const answer = sql('select nextval($1::regclass)::text as next', [name]);
    next.push(await answer.then(([row]) => String(row?.next)).catch((error: { code: string }) => error.code));
  }
  return next;
}

interface Switching {
  readonly from: Session;
  readonly to: Session;
  readonly asked: string[];
  /** Sessions of one's own, so that helpers of another test are not there. */
  end(): Promise<void>;
}

async function sessions(world: World, back = false): Promise<Switching> {
  const { acting } = world.ports('SwitchOver');
  const asked: string[] = [];
  const counted = (side: string, session: Session): Session => ({
    ...session,
    query(statement) {
      asked.push(side);
      return session.query(statement);
    },
  });
  const [source, target] = await Promise.all([acting.source.session('sequences'), acting.target.session('sequences')]);
  const [from, to] = back ? [target, source] : [source, target];
  return {
    from: counted('from', from),
    to: counted('to', to),
    asked,
    async end() {
      await Promise.all([from.end(), to.end()]);
    },
  };
}

/** The whole of it, with nothing in between. */
async function copy({ from, to, asked }: Switching, back = false): Promise<void> {
  const plan = await prepareSequences(from, to, INPUT, back ? 'source' : 'target');
  asked.length = 0;
  await setExactly(to, plan, await readPositions(from, plan));
  expect(asked).toEqual(['from', 'to']);
}

describe.each([
  [11, 17],
  [15, 18],
  [17, 18],
  [18, 17],
] as const)('sequences between versions %i and %i', (source, target) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source, target, schema: SEQUENCES + USED, targetSchema: SEQUENCES });
  });
  afterAll(() => world?.destroy());

  it('are copied exactly in both directions, each in one round trip a side, while the databases are read-only by default', async () => {
    for (const sql of [world.source, world.target]) {
      await sql(`alter database ${identifier(world.database.name)} set default_transaction_read_only = on`);
    }
    const over = await sessions(world);
    await copy(over);
    expect(await rows(world.target)).toEqual(await rows(world.source));
    await over.end();

    for (const sql of [world.source, world.target]) {
      await sql(`begin read write; alter database ${identifier(world.database.name)} reset default_transaction_read_only; commit`);
    }
    const before = await nextOnes(world.target);
    expect(before).toContain('2200H');
    await nextOnes(world.target);
    expect(await rows(world.target)).not.toEqual(await rows(world.source));
    const back = await sessions(world, true);
    await copy(back, true);
    expect(await rows(world.source)).toEqual(await rows(world.target));
    await back.end();
    expect(await nextOnes(world.source)).toEqual(await nextOnes(world.target));
  });

  it('are unchanged where the input excludes them', async () => {
    const last = async (sql: SideSql) => (await sql(`select last_value::int as last from "Left Behind_id_seq"`))[0]?.last;
    expect([await last(world.source), await last(world.target)]).toEqual([77, 1]);
  });
});

describe('sequences under the fence', () => {
  let world: World;
  let now: Switching;
  let siblings = 0;
  beforeAll(async () => {
    world = await startWorld({ source: 17, target: 18, schema: SEQUENCES + USED, targetSchema: SEQUENCES });
  });
  afterAll(() => world?.destroy());

  const fresh = async (back = false): Promise<World> => {
    siblings += 1;
    const one = await world.sibling(`sequences ${siblings}`);
    now = await sessions(one, back);
    return one;
  };
  const prepare = () => prepareSequences(now.from, now.to, INPUT);

  it('need no round trip where there are none', async () => {
    const nothing: Session = { query: () => Promise.reject(new Error('asked')), script: async () => {}, end: async () => {}, leave() {} };
    const plan = { to: 'target', count: 0, excluded: INPUT, pairs: [] } as const;
    expect(await readPositions(nothing, plan)).toEqual([]);
    await setExactly(nothing, plan, []);
    const one = await world.sibling('no sequences');
    await one.asSourceRole(`drop table orders, "Left Behind", scratch; drop sequence ${NAMES.slice(4).join(', ')}`);
    const { from, to } = await sessions(one);
    expect(await prepareSequences(from, to, INPUT)).toMatchObject({ count: 0 });
  });

  it('are refused beforehand where the other side lacks one, has the opposite sign, or cannot hold the number', async () => {
    const one = await fresh();
    const untouched = await rows(one.target);
    await one.target('drop sequence leaping');
    await expect(prepare()).rejects.toMatchObject({
      name: 'VerificationError',
      message: expect.stringMatching(/target lacks .*"leaping"/),
    });
    await one.target('create sequence leaping increment -1000');
    await expect(prepare()).rejects.toMatchObject({ name: 'VerificationError', message: expect.stringMatching(/opposite .*"leaping"/) });
    await one.target(
      'alter sequence leaping increment 1000 no minvalue no maxvalue start 1 restart; alter sequence orders_id_seq maxvalue 4999',
    );
    await expect(prepare()).rejects.toMatchObject({ name: 'SequenceOutOfBounds', message: expect.stringContaining('"orders_id_seq"') });
    await one.target('alter sequence orders_id_seq no maxvalue');
    expect(await rows(one.target)).toEqual(untouched);
    await expect(prepare()).resolves.toMatchObject({ count: NAMES.length });
  });

  it('are refused beforehand where our role may not set them', async () => {
    const one = await fresh(true);
    await one.source('create sequence "Not Ours"; grant select on sequence "Not Ours" to public');
    await one.target('create sequence "Not Ours"');
    const prepareBack = () => prepareSequences(now.from, now.to, INPUT, 'source');
    await expect(prepareBack()).rejects.toMatchObject({
      name: 'VerificationError',
      message: expect.stringMatching(/may not set sequences of the source: "public"."Not Ours"/),
    });
    await one.source('grant update on sequence "Not Ours" to public');
    await prepareBack();
  });

  it('keep the bounds of the other side when the source has moved on since', async () => {
    const one = await fresh();
    await one.target('alter sequence orders_id_seq maxvalue 5001');
    const plan = await prepare();
    await one.source(`select nextval('orders_id_seq'), nextval('orders_id_seq'), nextval('leaping')`);
    const before = await rows(one.target);
    await expect(setExactly(now.to, plan, await readPositions(now.from, plan))).rejects.toMatchObject({
      name: 'SequenceOutOfBounds',
      message: expect.stringContaining('"orders_id_seq"'),
    });
    expect(await rows(one.target)).toEqual(before);
    await one.source(`select setval('orders_id_seq', 5001)`);
    await setExactly(now.to, plan, await readPositions(now.from, plan));
    expect(await rows(one.target)).toEqual(await rows(one.source));
  });

  it.each([
    ['dropped', 'drop sequence leaping', '"public"."leaping"'],
    ['renamed', `alter sequence ${STRANGE} rename to tame`, `"${HOSTILE}"."Select 'me' "%I" \\n"`],
    ['altered', 'alter sequence leaping increment 10', '"public"."leaping"'],
    ['made', 'create table young (id serial primary key)', '"public"."young_id_seq"'],
  ])('are named that were %s on the fenced side since they were prepared', async (_, ddl, name) => {
    const one = await fresh();
    const plan = await prepare();
    await one.source(ddl);
    await expect(readPositions(now.from, plan)).rejects.toMatchObject({
      name: 'VerificationError',
      message: expect.stringMatching(/^Sequences of the source were made, dropped, renamed or altered/),
    });
    await expect(readPositions(now.from, plan)).rejects.toThrow(name);
  });

  it('may be created meanwhile where they are excluded or temporary', async () => {
    const one = await fresh();
    const plan = await prepare();
    await one.asSourceRole('create sequence "left out".young; create sequence owned owned by "Left Behind".id');
    const another = await one.ports('another').acting.source.session('another');
    await another.script('create temporary sequence passing');
    await expect(readPositions(now.from, plan)).resolves.toHaveLength(NAMES.length);
  });

  it('are all unchanged where one was dropped or altered on the other side since they were prepared', async () => {
    const one = await fresh();
    const plan = await prepare();
    const positions = await readPositions(now.from, plan);
    const before = await rows(one.target);
    await one.target('alter sequence used_up rename to elsewhere; alter sequence cached increment 2');
    await expect(setExactly(now.to, plan, positions)).rejects.toMatchObject({
      name: 'VerificationError',
      message: expect.stringMatching(/^Sequences of the target were .*: "public"."cached", "public"."used_up"\./),
    });
    await one.target('alter sequence elsewhere rename to used_up; alter sequence cached increment 1');
    expect(await rows(one.target)).toEqual(before);
    await setExactly(now.to, plan, positions);
  });

  it('may be prepared again in the same sessions', async () => {
    const one = await fresh();
    await prepare();
    await Promise.all([one.asSourceRole('create sequence later'), one.asTargetRole('create sequence later')]);
    await one.source(`select setval('later', 99)`);
    await copy(now);
    expect((await one.target('select last_value::int as last from later'))[0]?.last).toBe(99);
  });

  it('are read to the latest number without waiting for a transaction that uses them', async () => {
    const one = await fresh();
    const plan = await prepare();
    const busy = await one.ports('writer').acting.source.session('writer');
    await busy.script(`begin; select nextval('public.leaping'), setval('public.untouched', 4711), nextval('public.orders_id_seq')`);
    const positions = await readPositions(now.from, plan);
    const at = (name: string) => positions[plan.pairs.findIndex(({ source }) => source.name === name)];
    expect([at('leaping'), at('untouched'), at('orders_id_seq')]).toEqual([
      { last: 1001n, called: true },
      { last: 4711n, called: true },
      { last: 5001n, called: true },
    ]);
    await busy.script('rollback');
  });

  it('are exact where an uncalled one is called, reset or restarted after they were prepared (#11)', async () => {
    const one = await fresh();
    await one.asSourceRole('create sequence quiet; create sequence reset; create sequence restarting; create sequence forgotten');
    await one.asTargetRole('create sequence quiet; create sequence reset; create sequence restarting; create sequence forgotten');
    await one.source(`select setval('forgotten', 9)`);
    const plan = await prepare();
    await one.source(`select nextval('untouched'), setval('reset', 12, false), setval('forgotten', 4, false)`);
    await one.asSourceRole('alter sequence restarting restart with 30');
    const positions = await readPositions(now.from, plan);
    const at = (name: string) => positions[plan.pairs.findIndex(({ source }) => source.name === name)];
    expect(['untouched', 'quiet', 'reset', 'forgotten', 'restarting'].map(at)).toEqual([
      { last: 100n, called: true },
      { last: 1n, called: false },
      { last: 12n, called: false },
      { last: 4n, called: false },
      { last: 30n, called: false },
    ]);
  });

  it('are set on the other side although it had the prepared position, where they moved since (#11)', async () => {
    const one = await fresh();
    await copy(now);
    const plan = await prepare();
    expect(plan.there).toEqual(await readPositions(now.from, plan));
    await one.target(`select nextval('untouched'), nextval('orders_id_seq'), nextval('orders_note_seq')`);
    expect(await rows(one.target)).not.toEqual(await rows(one.source));
    await setExactly(now.to, plan, await readPositions(now.from, plan));
    expect(await rows(one.target)).toEqual(await rows(one.source));
  });

  it('are given up after a few seconds where DDL holds one', async () => {
    const one = await fresh();
    const plan = await prepare();
    const busy = await one.ports('writer').acting.source.session('writer');
    await busy.script('begin; alter sequence public.leaping restart');
    await expect(readPositions(now.from, plan)).rejects.toMatchObject({ name: 'TransientError' });
    await busy.script('commit');
    await expect(readPositions(now.from, plan)).resolves.toHaveLength(NAMES.length);
  });
});

describe('ten thousand sequences', () => {
  it('are copied in one round trip a side, though the lock tables hold far fewer', async () => {
    const small = { max_locks_per_transaction: 10, max_connections: 40 };
    const world = await startWorld({ source: 15, target: 17, sourceParameters: small, targetParameters: small });
    try {
      const { from, to, asked } = await sessions(world);
      const made = (values: boolean, first: number) => `do $$ begin
for n in ${first} .. ${first + 499} loop
  execute format('create sequence public.%I', 'Many ' || n);
  if ${values} and n % 3 > 0 then perform setval(format('public.%I', 'Many ' || n), n, n % 3 = 1); end if;
end loop; end $$`;
      for (let first = 1; first < 10_000; first += 500) {
        await Promise.all([from.script(made(true, first)), to.script(made(false, first))]);
      }
      const plan = await prepareSequences(from, to, INPUT);
      asked.length = 0;
      const positions = await readPositions(from, plan);
      await setExactly(to, plan, positions);
      expect(asked).toEqual(['from', 'to']);
      expect(positions).toHaveLength(10_000);
      const numbers = plan.pairs.map(({ source }) => Number(source.name.slice('Many '.length)));
      const expected = numbers.map((n) => (n % 3 === 0 ? { last: 1n, called: false } : { last: BigInt(n), called: n % 3 === 1 }));
      expect(positions).toEqual(expected);
      expect(await readPositions(to, plan)).toEqual(expected);
    } finally {
      await world.destroy();
    }
  });
});
