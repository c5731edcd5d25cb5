import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CUTOVER_CHECKS, ROLLBACK_CHECKS } from '../../../../lambdas/checks/cutover/index.ts';
import { CHECKS } from '../../../../lambdas/checks/readiness/index.ts';
import { loginTriggers } from '../../../../lambdas/checks/readiness/login-triggers.ts';
import { findingsOf, ODD } from '../../../support/findings.ts';
import { startWorld, type World } from '../../../support/world.ts';

describe('event triggers on login (#9.9)', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ source: 17, target: 18, plainSource: 'superuser' });
  });
  afterAll(() => world?.destroy());

  it('block on either side with the statement that disables each, unless they do not run for our role', async () => {
    for (const run of [world.asSourceRole, world.target]) {
      await run(`create function public.on_login() returns event_trigger language plpgsql as $$ begin end $$;
create event trigger ${ODD} on login execute function public.on_login();
create event trigger "off" on login execute function public.on_login(); alter event trigger "off" disable;
create event trigger replicas on login execute function public.on_login(); alter event trigger replicas enable replica;
create event trigger ddl on ddl_command_start execute function public.on_login()`);
    }
    await world.target(
      'create event trigger forever on login execute function public.on_login(); alter event trigger forever enable always',
    );
    expect(await findingsOf(world, [loginTriggers])).toMatchObject([
      {
        code: 'LoginTrigger',
        severity: 'blocker',
        objects: [`source: ${ODD}`, `target: ${ODD}`, 'target: forever'],
        statements: [`alter event trigger ${ODD} disable;`, `alter event trigger ${ODD} disable;`, 'alter event trigger forever disable;'],
      },
    ]);
    for (const run of [world.asSourceRole, world.target]) await run(`alter event trigger ${ODD} disable`);
    await world.target('drop event trigger forever');
    expect(await findingsOf(world, [loginTriggers])).toEqual([]);
  });

  it('are checked before the migration and before a switch in either direction', () => {
    for (const checks of [CHECKS, CUTOVER_CHECKS, ROLLBACK_CHECKS]) expect(checks).toContain(loginTriggers);
  });

  it('are not checked before version 17', async () => {
    const older = await startWorld({ source: 11, target: 17 });
    try {
      expect(await findingsOf(older, [loginTriggers])).toEqual([]);
    } finally {
      await older.destroy();
    }
  });
});
