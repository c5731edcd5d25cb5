import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyWay } from '../../../../lambdas/checks/readiness/copy-way.ts';
import { CHECKS } from '../../../../lambdas/checks/readiness/index.ts';
import { createCopyPlan, recordCopyPlan, recordFinished } from '../../../../lambdas/state/copy-plan.sql.ts';
import { blocker, type Circumstances, findingsOf, poorRole, summary, warning } from '../../../support/findings.ts';
import { startWorld, type World } from '../../../support/world.ts';

const SCHEMA = `create table "Plain" (id bigint primary key, body text);
create type mood as enum ('sad');
create table by_enum (mood mood primary key, body text);
create table by_part ("at" timestamptz, mood mood, primary key ("at", mood));
create table keyless (body text);
create table by_text (code varchar(20), day date, id uuid, primary key (code, day, id));
insert into "Plain" select g, repeat('x', 200) from generate_series(1, 6000) as g;
insert into keyless select repeat('x', 200) from generate_series(1, 5000);
insert into by_enum values ('sad', '');
insert into by_text select g, now(), md5(g::text)::uuid from generate_series(1, 4000) as g`;
const PARTS = { copy: 'parts', partBytes: 8192 };
const atOnce = (functions: number) => ({ concurrency: { limit: async () => functions } });

describe('the way of the copy', () => {
  let world: World;
  let small: World;
  let old: World;
  beforeAll(async () => {
    [world, small, old] = await Promise.all([
      startWorld({ source: 15, target: 18, schema: SCHEMA }),
      startWorld({ source: 17, target: 18, sourceParameters: { max_connections: 24 }, targetParameters: { max_connections: 12 } }),
      startWorld({ source: 11, target: 17, schema: SCHEMA }),
    ]);
  });
  afterAll(() => Promise.all([world, small, old].map((one) => one?.destroy())));

  const find = (input: Circumstances['input'] = PARTS, more: Circumstances = {}, of: World = world) =>
    findingsOf(of, [copyWay], { input, ...more });

  it('is always said, with the reason', async () => {
    expect(CHECKS).toContain(copyWay);
    const [auto, ...none] = await find({});
    expect(none).toEqual([]);
    expect(auto).toMatchObject({
      code: 'CopyWay',
      severity: 'warning',
      objects: ['stream'],
      message: expect.stringMatching(
        /^Rows are copied by the subscription, as in the guides, because the largest table has 0\.\d+ GiB of 20 GiB/,
      ),
    });
    expect(await find({ copy: 'stream' }, { target: await poorRole('target', world, 'poor of the stream') })).toMatchObject([
      { message: expect.stringContaining('because the input says so') },
    ]);
  });

  it('of parts names its workers, and how far Pace can go', async () => {
    const message = async (input: Circumstances['input']) => {
      const [found, ...none] = await find(input);
      expect(none).toEqual([]);
      expect(found).toMatchObject({ code: 'CopyWay', objects: ['parts'] });
      return found?.message;
    };
    expect(await message({ copy: 'parts' })).toMatch(
      /parts of about 1\.000 GiB.*because the input says so.*8 workers work at a time, and Pace can raise that to 32\..*holds back vacuum/,
    );
    expect(await message({ copy: 'parts', copyWorkers: 1 })).toContain('1 worker works at a time, and Pace can raise that to 4.');
    expect(await message({ copy: 'parts', copyWorkers: 0 })).toContain('None works before Pace says how many may, up to 32.');
  });

  it('says which functions the account lacks', async () => {
    const why =
      'functions that the account may run at a time 10, 2 left free, 4 for the rest of the migration, and 1 function a worker: room for 4';
    const found = await find(PARTS, atOnce(10));
    expect(summary(found)).toEqual({ CopyWay: warning('parts', why), FewFunctionsAtOnce: warning(why) });
    expect(found[0]?.message).toContain(
      '4 of the 8 workers that are wanted work at a time, since there is no room for more, and Pace cannot raise',
    );
    expect(summary(await find({ ...PARTS, copyWorkers: 4 }, atOnce(10)))).toEqual({ CopyWay: warning('parts') });
    expect(summary(await find(PARTS, atOnce(1_000)))).toEqual({ CopyWay: warning('parts') });
    expect(summary(await find({}, atOnce(1)))).toEqual({ CopyWay: warning('stream') });
  });

  it('is impossible in parts without room for one worker', async () => {
    const [refused, ...others] = await find(PARTS, atOnce(4));
    expect(refused).toMatchObject({
      code: 'CopyInPartsImpossible',
      severity: 'blocker',
      objects: [expect.stringContaining('at a time 4, ')],
      remedy: 'Raise the limits that are named. Or leave the copy to the subscription: {"copy": "stream"}.',
    });
    expect(others.map(({ code }) => code)).toEqual(['CopyWay']);
    const [full] = await find(PARTS, {}, small);
    expect(full).toMatchObject({
      code: 'CopyInPartsImpossible',
      objects: [expect.stringMatching(/^target: max_connections 12, 3 reserved/)],
    });
  });

  it('is impossible in parts for a role that may make no role', async () => {
    const poor = await poorRole('target', world, 'poor "role"');
    const found = await find(PARTS, { target: poor });
    expect(summary(found)).toEqual({
      CopyInPartsImpossible: blocker('target: poor "role" may make no role that copies'),
      CopyWay: warning('parts'),
    });
    expect(found[0]?.remedy).toMatch(/^Put a role that inherits postgres.*"stream"\}\.$/);
    const maker = await poorRole('target', world, 'maker', 'alter role :role createrole');
    expect(summary(await find(PARTS, { target: maker }))).toEqual({ CopyWay: warning('parts') });
  });

  it('names large tables that cannot be split, before version 14', async () => {
    expect(summary(await find({ ...PARTS, partBytes: 16_384 }, {}, old))).toEqual({
      CopyWay: warning('parts'),
      CopiedInOnePiece: warning('public.keyless'),
    });
    await old.source("insert into by_part select now() + g * interval '1 s', 'sad' from generate_series(1, 4000) as g");
    expect(summary(await find({ ...PARTS, partBytes: 16_384 }, {}, old))).toEqual({
      CopyWay: warning('parts'),
      CopiedInOnePiece: warning('public.keyless', 'public.by_part'),
    });
    expect(summary(await find({ copy: 'parts' }, {}, old))).toEqual({ CopyWay: warning('parts') });
  });

  it('holds once the schema is copied, until all is there', async () => {
    const begun = await world.sibling('begun');
    await begun.asSourceRole('create table secret (id int primary key); alter table secret enable row level security');
    await begun.until('CopySchema');
    // Policies come after the rows, so the role that copies needs no BYPASSRLS.
    expect(await begun.target("select relrowsecurity from pg_class where relname = 'secret'")).toEqual([{ relrowsecurity: false }]);
    const again = () => find(PARTS, {}, begun);
    const [stream] = await again();
    expect(stream).toMatchObject({ code: 'CopyWay', objects: ['stream'], message: expect.stringContaining('because it has begun so') });

    const { target } = begun.ports('CopySchema').acting;
    await target.transaction(async (session) => {
      await session.query(createCopyPlan());
      await session.query(recordCopyPlan(8192, 3));
    });
    const [parts] = await find({ copy: 'stream' }, {}, begun);
    expect(parts).toMatchObject({
      objects: ['parts'],
      message: expect.stringMatching(/because it has begun so.* 3 workers work at a time, and Pace .* 12\./),
    });
    await target.query(recordFinished());
    expect(await again()).toEqual([]);
  });
});
