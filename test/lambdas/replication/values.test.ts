import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identifier, literal } from '../../../lambdas/postgres/quote.ts';
import type { ServerVersion } from '../../../rehearsal/servers/binaries.ts';
import { makeLocales } from '../../support/locales.ts';
import { eventually, tableStates } from '../../support/replicated.ts';
import { SWITCHABLE } from '../../support/switchable.ts';
import { versions } from '../../support/versions.ts';
import { sqlOn, startWorld, type World } from '../../support/world.ts';

type Side = 'source' | 'target';
type Settings = Readonly<Record<string, string>>;

/** As usual in some countries, or merely possible; each would change a value, or refuse it, without pinned settings. */
const HOSTILE: Record<Side, Settings> = {
  source: {
    ...{ datestyle: 'SQL, DMY', intervalstyle: 'sql_standard', lc_monetary: 'de_DE.UTF-8', bytea_output: 'escape', xmloption: 'document' },
    ...{ extra_float_digits: '-10', timezone: 'Asia/Kathmandu', array_nulls: 'off', standard_conforming_strings: 'off' },
  },
  target: {
    ...{ datestyle: 'German, DMY', intervalstyle: 'iso_8601', lc_monetary: 'ja_JP.UTF-8', bytea_output: 'escape', xmloption: 'document' },
    ...{ extra_float_digits: '-5', timezone: 'America/New_York', array_nulls: 'off', lock_timeout: '1min' },
  },
};
/** Of the role in the database, which win over the database's. */
const HOSTILE_ROLE: Record<Side, Settings> = {
  source: { datestyle: 'Postgres, DMY', lock_timeout: '50s' },
  target: { intervalstyle: 'sql_standard', lc_monetary: 'de_DE.UTF-8', lock_timeout: '50s' },
};

const SCHEMA = `
create domain price as money check (value > '0'::money);
create type offer as (cash money, day date, span interval);
create table price_list (
  id int primary key, m money default '2.5'::numeric::money, ms money[], d price, o offer, day date default '2024-05-06', at timestamptz, ts timestamp, span interval,
  spans interval[], raw bytea, f float8, r float4, x xml, words text[], numbers int[], clock timetz, what regclass default 'price_list'::regclass
);
insert into price_list (id, m, ms, d, o, day, at, ts, span, spans, raw, f, r, x, words, numbers, clock)
select g, (g * 1.25)::numeric::money, array[1234567.89::numeric::money, (-g)::numeric::money], 5.5::numeric::money,
  row(7.77::numeric::money, date '2024-05-06', interval '-1 day 02:00')::offer, date '2024-03-04' + g, timestamptz '2024-05-06 07:08:09.123456+00',
  timestamp '2024-05-06 07:08:09.5', interval '-1 year 2 months -3 days 04:05:06.7', array[interval '1 day -02:00', null], '\\x00ff5c27', 0.1 + g / 3.0, 0.3,
  xmlparse(content 'a<b/>c'), array['NULL', null, 'b'], array[1, null], timetz '12:00+05:30'
from generate_series(1, 20) as g;
insert into price_list (id, m) values (5000, 92233720368547758.07::numeric::money), (5001, (-92233720368547758.08)::numeric::money), (5002, null);
`;

/** Alike on both sides whatever their settings, down to the cents and the last digit. */
const PRINTED = `set lc_monetary = 'C'; set datestyle = 'ISO, MDY'; set intervalstyle = 'postgres'; set bytea_output = 'hex'; set timezone = 'UTC';
set extra_float_digits = 0; select string_agg(t::text || coalesce(encode(float8send(f), 'hex'), ''), E'\n' order by id) as rows,
  string_agg(encode(cash_send(m), 'hex'), ' ' order by id) as cents, count(*)::int as n from price_list as t`;

/** The application writes as its own settings say. */
const CHANGE = `insert into price_list (id, m, ms, span, raw, x, words, o) select g, 99.99::numeric::money, array[0.01::numeric::money, null],
  interval '2 months -1 day', decode('5c00', 'hex'), xmlparse(content '<a/>b'), array[null, 'x'], row(0.05::numeric::money, date '2024-12-11', '1 day'::interval)::offer
  from generate_series(100, 105) as g; update price_list set m = m * 2, day = day + 1, f = f / 7 where id between 2 and 9; delete from price_list where id = 1`;

const apply = async (world: World, side: Side): Promise<void> => {
  const outside = sqlOn(world.pair[side].superuser('postgres'));
  const [role, database] = [identifier(world.database.roles[side]), identifier(world.database.name)];
  const set = async (whom: string, settings: Settings) => {
    for (const [name, value] of Object.entries(settings))
      await outside(`alter ${whom} set ${name} = ${name === 'datestyle' ? value : literal(value)}`);
  };
  await set(`database ${database}`, HOSTILE[side]);
  await set(`role ${role} in database ${database}`, HOSTILE_ROLE[side]);
};

const settingsOf = (world: World, side: Side) =>
  world[
    side
  ](`select r.rolname::text as role, array(select unnest(s.setconfig) order by 1)::text as settings from pg_db_role_setting as s left join pg_roles as r on r.oid = s.setrole
    where s.setdatabase = (select oid from pg_database where datname = current_database()) order by 1`);

const locales = makeLocales('de_DE.UTF-8', 'ja_JP.UTF-8');
afterAll(() => locales.remove());

describe.each(versions<[ServerVersion, ServerVersion]>([11, 18], [15, 17], [18, 18]))('values from %i to %i (#11)', (source, target) => {
  let world: World;
  let before: unknown;
  const both = async (text: string) => ({ source: await world.source(text), target: await world.target(text) });
  const expectAgreement = async () => {
    const found = await both(PRINTED);
    expect(found.target).toEqual(found.source);
  };
  beforeAll(async () => {
    world = await startWorld({ source, target, schema: SCHEMA, sourceParameters: SWITCHABLE.sourceParameters ?? {} });
    await apply(world, 'source');
    await apply(world, 'target');
    before = { source: await settingsOf(world, 'source'), target: await settingsOf(world, 'target') };
  });
  afterAll(() => world?.destroy());

  it('arrive unchanged by the copy and by the stream, whatever database and role are set to on either side', async () => {
    for (const step of ['CreateReplicationRole', 'CopySchema', 'CreatePublication'] as const) await world.visit(step);
    // The copy has brought the source's settings along.
    before = { ...(before as Record<Side, unknown>), target: await settingsOf(world, 'target') } as typeof before;
    await world.until('CreateSubscription');
    await eventually(async () => (await tableStates(world)).every((state) => state === 'r'));
    expect(await both(PRINTED)).toMatchObject({ source: [{ n: 23 }] });
    await expectAgreement();
    await world.source(CHANGE);
    await eventually(async () => (await world.target('select count(*)::int as n from price_list where id in (1, 105)'))[0]?.n === 1);
    await eventually(async () => (await world.target('select 1 from price_list where id = 105')).length === 1);
    await expectAgreement();
    expect((await world.until('BuildIndexes')).evidence).toMatchObject({ failures: [] });
    await world.source('insert into price_list (id, m) values (6000, 1.23::numeric::money)');
    await eventually(async () => (await world.target('select 1 from price_list where id = 6000')).length === 1);
    await expectAgreement();
  });

  it('arrive unchanged by the stream back, whose settings are removed with it', async () => {
    await world.visit('SwitchOver');
    expect(JSON.stringify(await settingsOf(world, 'source'))).toContain('lc_monetary=C');
    await world.target(`${CHANGE.replaceAll('100, 105', '200, 205').replace('id = 1', 'id = 2')}`);
    await eventually(async () => (await world.source('select 1 from price_list where id = 205')).length === 1);
    await expectAgreement();
    await world.visit('SwitchBack');
    expect(JSON.stringify((await settingsOf(world, 'source')).filter(({ role }) => role === world.database.roles.source))).toEqual(
      JSON.stringify((before as Record<Side, { role: string }[]>).source.filter(({ role }) => role === world.database.roles.source)),
    );
    await world.until('DropReplication');
    expect({ source: await settingsOf(world, 'source'), target: await settingsOf(world, 'target') }).toEqual(before);
  });
});
