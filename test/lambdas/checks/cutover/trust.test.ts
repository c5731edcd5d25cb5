import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeUnderStreamBack } from '../../../../lambdas/checks/cutover/trust.ts';
import { codeOfOthers } from '../../../../lambdas/checks/readiness/code-of-others.ts';
import { ROLLBACK } from '../../../../lambdas/config/direction.ts';
import type { ServerVersion } from '../../../../rehearsal/servers/binaries.ts';
import { blocker, findingsOf, summary, warning } from '../../../support/findings.ts';
import { FOLLOWED, follow, switchFindings } from '../../../support/following.ts';
import { PLANTER, planterOn } from '../../../support/planted.ts';
import { eventually } from '../../../support/replicated.ts';
import { versions } from '../../../support/versions.ts';
import { startWorld, type World } from '../../../support/world.ts';

/**
 * Makes a role that may make roles, if the session may; otherwise nothing shows. The side is closed, so the first transaction of a worker only reads,
 * but for what it applies; the next one does not. An immutable function may do so through one that is not.
 */
const FUNCTIONS = `
create function trap.make(role text) returns void language plpgsql as $$ begin
  perform set_config('default_transaction_read_only', 'off', false);
  begin execute format('create role %I createrole', role); exception when others then null; end;
end $$;
create function trap.always() returns trigger language plpgsql as $$ begin perform trap.make('by_trigger'); return new; end $$;
create function trap.checked(int) returns boolean language plpgsql as $$ begin perform trap.make('by_check'); return true; end $$;
create function trap.part(int) returns int language plpgsql immutable as $$ begin perform trap.make('by_key'); return $1; end $$;`;
const made = async (world: World): Promise<unknown[]> =>
  (await world.source("select rolname::text as name from pg_roles where rolname like 'by\\_%' order by 1")).map(({ name }) => name);

describe.each(versions<ServerVersion>(13, 15))('code of an ordinary user on a source of version %i, under the stream back', (version) => {
  let world: World;
  const OBJECTS = [
    `trap.checked(integer) owner ${PLANTER}, reached from constraint watched_id_check on table public.watched`,
    `trap.part(integer) owner ${PLANTER}, reached from table public.keyed`,
    `trap.always() owner ${PLANTER}, reached from trigger always on table public.watched`,
  ];

  beforeAll(async () => {
    world = await startWorld({ ...FOLLOWED, source: version, target: 18 });
    const planter = await planterOn(world, 'source');
    await planter.run(FUNCTIONS);
    await world.source('grant create on schema public to mallory');
    await follow(
      world,
      {},
      `create table watched (id int primary key check (trap.checked(id)));
create table keyed (id int not null) partition by range (trap.part(id)); create table keyed_1 partition of keyed for values from (0) to (10000);
alter table keyed replica identity full; alter table keyed_1 replica identity full;
create trigger always after insert on watched for each row execute procedure trap.always(); alter table watched enable always trigger always`,
    );
  });
  afterAll(() => world?.destroy());

  it('is announced by Preflight, and refused by CheckCutover by its name', async () => {
    const announced = (await findingsOf(world, [codeOfOthers])).filter(({ code }) => code === 'StreamBackRunsCodeOfOthers');
    expect(summary(announced)).toEqual({ StreamBackRunsCodeOfOthers: warning(...OBJECTS) });
    expect(announced[0]?.remedy).toContain('Cutover refuses the stream back until');
    const refused = await switchFindings(world, [codeUnderStreamBack], { input: { reverse: true } });
    expect(summary(refused)).toEqual({ StreamBackRunsCodeOfOthers: blocker(...OBJECTS) });
    expect(refused[0]?.remedy).toMatch(/\{"trustCode": true\} consents.*\{"reverse": false\} goes without/);
  });

  it.each([{ trustCode: true }, { reverse: false }])('is not refused where the input says %o', async (input) => {
    expect(await switchFindings(world, [codeUnderStreamBack], { input })).toEqual([]);
  });

  it('would have made a role, which trustCode consents to; a second Cutover asks again', async () => {
    await world.source('drop role if exists by_trigger, by_check, by_key');
    await world.visit('SwitchOver', { input: { reverse: true, trustCode: true } });
    for (const id of [1, 2]) await world.target(`insert into watched values (${id}); insert into keyed values (${id})`);
    await eventually(async () => (await world.source('select from watched union all select from keyed')).length === 4);
    expect(await made(world)).toEqual(['by_check', 'by_key', 'by_trigger']);
    expect(await switchFindings(world, [codeUnderStreamBack], { direction: ROLLBACK })).toEqual([]);
    await world.visit('SwitchBack');
    expect(summary(await switchFindings(world, [codeUnderStreamBack]))).toEqual({ StreamBackRunsCodeOfOthers: blocker(...OBJECTS) });
  });

  it('is not named once the functions belong to our role', async () => {
    const [finding] = await switchFindings(world, [codeUnderStreamBack]);
    for (const statement of finding?.statements ?? []) await world.source(statement);
    expect(await switchFindings(world, [codeUnderStreamBack])).toEqual([]);
  });
});
