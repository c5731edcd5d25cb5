import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CleanupIncomplete } from '../../../lambdas/config/errors.ts';
import { REPLICATION_ROLE } from '../../../lambdas/config/names.ts';
import type { SideName } from '../../../lambdas/config/side-name.ts';
import type { AnyStep } from '../../../lambdas/engine/step.ts';
import type { Application } from '../../../lambdas/ports/application.ts';
import { noApplication } from '../../../lambdas/ports/application.ts';
import { commitGate } from '../../../lambdas/state/gates.sql.ts';
import { stepNamed } from '../../../lambdas/steps/index.ts';
import type { ServerVersion } from '../../../rehearsal/servers/binaries.ts';
import { bothSides, CLEAN, copied, migrate, NOTHING, ofOurs, ROWS } from '../../support/cleaned.ts';
import { ATTEMPT, committed, fenced, fencedAgain, prepared, sidesOf, switchedBack, switchedOver } from '../../support/partial-switch.ts';
import { startWorld, type World } from '../../support/world.ts';

/** A secret that leads to one side, and the calls to it. */
function secretOf(pointsAt: SideName | 'elsewhere'): Application & { readonly calls: string[] } {
  const calls: string[] = [];
  let kept = true;
  return {
    ...noApplication,
    calls,
    secret: 'the application',
    pointsAt: async () => pointsAt,
    isKept: async () => kept,
    async forgetOriginal() {
      calls.push('forgotten');
      kept = false;
    },
  };
}

/** Settings and rights of a database that a gate has to put back letter by letter. */
const PARTICULAR = `
do $do$
begin
  if to_regrole('"Odd ""one"') is null then create role "Odd ""one" login; create role reporting; end if;
  execute format('revoke connect, temporary on database %I from public', current_database());
  execute format('grant connect on database %I to "Odd ""one"', current_database());
  execute format('grant connect, temporary on database %I to reporting', current_database());
  execute format('alter database %I set default_transaction_read_only = off', current_database());
  execute format('alter database %I set work_mem = %L', current_database(), '5MB');
end
$do$`;

const COPIES = ['objects', 'schemas', 'rights', 'identities', 'defaultRights'] as const;

/** Everything but the copied objects, which stay on the target. */
async function apartFromCopies(world: World) {
  const { source, target } = await bothSides(world);
  return {
    source,
    target: Object.fromEntries(Object.entries(target).filter(([subject]) => !COPIES.includes(subject as (typeof COPIES)[number]))),
  };
}

const sessionsOfSwitches = async (world: World) =>
  (
    await Promise.all([world.source, world.target].map((sql) => sql(`select from pg_stat_activity where application_name like '%:fence'`)))
  ).flat();

const gateOn = async (world: World, side: SideName) => (await world[side]('select state from planetscale_migration.gate'))[0]?.state;

describe.each<[ServerVersion, ServerVersion]>([
  [11, 17],
  [17, 18],
])('DropReplication after a switch from %i to %i', (source, target) => {
  let base: World;
  beforeAll(async () => {
    base = await startWorld({ source, target });
  });
  afterAll(() => base?.destroy());

  const halfway = async (name: string, make: (world: World) => Promise<void>, particular = true) => {
    const world = await base.sibling(`${name} "${source}"`);
    await world.asSourceRole(ROWS);
    if (particular) for (const sql of [world.source, world.target]) await sql(PARTICULAR);
    const before = { all: await bothSides(world), apartFromCopies: await apartFromCopies(world) };
    await migrate(world);
    await copied(world);
    await make(world);
    return { world, before };
  };

  it.each([
    ['prepared', prepared],
    ['fenced', fenced],
  ] as const)('leaves nothing of a switch that was %s and never committed, nor the copy', async (name, make) => {
    const { world, before } = await halfway(name, make);
    await world.until('DropReplication', { input: { target: 'drop' } });
    expect(await bothSides(world)).toEqual(before.all);
    expect(await sessionsOfSwitches(world)).toEqual([]);
  });

  it.each([
    ['switched over', switchedOver, 'target'],
    ['fenced again', fencedAgain, 'target'],
    ['switched back', switchedBack, 'source'],
  ] as const)('leaves nothing of a migration that was %s, and says who serves', async (name, make, served) => {
    const { world, before } = await halfway(name, make);
    const secret = secretOf(served);
    Object.assign(world.places, { application: secret });
    const done = await world.until('DropReplication');
    expect(await apartFromCopies(world)).toEqual(before.apartFromCopies);
    expect(await ofOurs(world)).toEqual(NOTHING);
    expect(await sessionsOfSwitches(world)).toEqual([]);
    expect(done.evidence).toEqual({ ...CLEAN, served, says: expect.stringContaining(`The ${served} serves the application.`) });
    expect(secret.calls).toEqual(['forgotten']);
    const again = await world.visit('DropReplication');
    expect(again).toMatchObject({ verdict: 'done', evidence: CLEAN });
  });

  it('restores a database that had no settings and every privilege', async () => {
    const { world, before } = await halfway('plain', switchedOver, false);
    await world.until('DropReplication');
    expect(await apartFromCopies(world)).toEqual(before.apartFromCopies);
  });
});

describe('DropReplication and a committed switch', () => {
  let base: World;
  beforeAll(async () => {
    base = await startWorld({ source: 17, target: 18, schema: ROWS });
  });
  afterAll(() => base?.destroy());

  let siblings = 0;
  const halfway = async (make: (world: World) => Promise<void>, secret?: Application) => {
    siblings += 1;
    const world = await base.sibling(`Switched "${siblings}"`);
    await migrate(world);
    await copied(world);
    await make(world);
    if (secret) Object.assign(world.places, { application: secret });
    return world;
  };
  /** Everything that a clean-up could touch, the gates among it. */
  const everything = async (world: World) => ({
    ...(await bothSides(world)),
    gates: [await world.source('table planetscale_migration.gate'), await world.target('table planetscale_migration.gate')],
  });
  const refused = async (world: World, message: RegExp, input = {}) => {
    const before = await everything(world);
    const attempt = world.until('DropReplication', { input });
    await expect(attempt).rejects.toThrow(CleanupIncomplete);
    await expect(attempt).rejects.toThrow(message);
    expect(await everything(world)).toEqual(before);
  };

  it('refuses to remove an incomplete one, and touches nothing', async () => {
    const secret = secretOf('source');
    await refused(await halfway(committed, secret), /neither side takes writes now\. Nothing was dropped\. Start Recovery/);
    expect(secret.calls).toEqual([]);
  });

  it("refuses while the application's secret leads to the fenced side", async () => {
    await refused(
      await halfway(switchedOver, secretOf('source')),
      /secret still leads to the source, which takes no writes.*Start Recovery/,
    );
    await refused(
      await halfway(switchedBack, secretOf('target')),
      /secret still leads to the target, which takes no writes.*Start Recovery/,
    );
  });

  it.each([
    ['the target serves', switchedOver],
    ['the target is fenced', fencedAgain],
    ['the source serves again', switchedBack],
  ] as const)('refuses to drop the copied objects when %s, and touches nothing', async (_, make) => {
    const world = await halfway(make);
    await refused(world, /may hold the only copy of what was written there.*Nothing was dropped/, { target: 'drop' });
    await world.until('DropReplication');
    await world.until('DropReplication', { input: { target: 'drop' } });
    expect(await world.target('select count(*)::int as rows from public.plain')).toEqual([{ rows: 200 }]);
  });

  it('finds a switch that is committed meanwhile before it drops anything', async () => {
    const world = await halfway(fenced);
    const step = stepNamed('DropReplication');
    const overtaken: AnyStep = {
      ...step,
      async act(ctx, seen) {
        await sidesOf(world).source.query(commitGate(ATTEMPT));
        return (await step.act?.(ctx, seen)) === 'pending' ? 'pending' : undefined;
      },
    };
    const before = await bothSides(world);
    await expect(world.run('DropReplication', overtaken, { input: { target: 'drop' } })).rejects.toThrow(CleanupIncomplete);
    expect(await bothSides(world)).toEqual(before);
    expect([await gateOn(world, 'source'), await gateOn(world, 'target')]).toEqual(['closed', 'closed']);
  });

  it('keeps an attempt from committing that was fenced when Cleanup began', async () => {
    const world = await halfway(fenced);
    const step = stepNamed('DropReplication');
    let committedLate: unknown[] | undefined;
    const interrupted: AnyStep = {
      ...step,
      async inspect(ctx) {
        const seen = await step.inspect(ctx);
        const [gate] = await world.source(`select to_regclass('planetscale_migration.gate') is not null as there`);
        if (gate?.there && (await gateOn(world, 'source')) === 'open') {
          committedLate ??= await sidesOf(world).source.query(commitGate(ATTEMPT));
        }
        return seen;
      },
    };
    let act = 0;
    const once: AnyStep = {
      ...interrupted,
      async act(ctx, seen) {
        act += 1;
        return (await step.act?.({ ...ctx, remainingMs: () => (act === 1 ? 0 : 60_000) }, seen)) === 'pending' ? 'pending' : undefined;
      },
    };
    await world.run('DropReplication', once);
    await world.run('DropReplication', once);
    expect(committedLate).toEqual([]);
    expect(await ofOurs(world)).toMatchObject({ slots: [], subscriptions: [], schemas: [] });
  });

  it('leaves the role on the target to the migration of another database', async () => {
    const [one, other] = [await halfway(switchedOver), await halfway(switchedOver)];
    const done = await one.until('DropReplication');
    expect(done.evidence).toMatchObject({
      target: { role: true, roleIsUsedBy: expect.arrayContaining([`database ${other.database.name}`]) },
    });
    await other.target('insert into public.plain (id) values (77777)');
    await expect.poll(async () => (await other.source('select from public.plain where id = 77777')).length).toBe(1);
    await other.until('DropReplication');
    const rest = await base.target(
      'select datname from pg_shdepend d join pg_database b on b.oid = d.dbid where refobjid = to_regrole($1)',
      [REPLICATION_ROLE],
    );
    expect(rest).not.toContainEqual({ datname: other.database.name });
  });
});
