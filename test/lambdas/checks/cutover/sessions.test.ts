import { afterEach, describe, expect, it } from 'vitest';
import { sessions } from '../../../../lambdas/checks/cutover/sessions.ts';
import { subscriptions } from '../../../../lambdas/checks/cutover/subscriptions.ts';
import type { ConnectionSettings } from '../../../../lambdas/ports/connection-settings.ts';
import { other as connect } from '../../../support/fenced.ts';
import { blocker, summary, warning } from '../../../support/findings.ts';
import { switchFindings } from '../../../support/following.ts';
import { startWorld, type World } from '../../../support/world.ts';

describe.each([15, 17] as const)('other sessions on a source %i', (source) => {
  let world: World | undefined;
  afterEach(() => world?.destroy());

  it('are counted by role, apart from those that no fence ends (#9.6)', async () => {
    world = await startWorld({ source, target: 18 });
    const { database, pair } = world;
    await world.source(`create role "the App" login replication password 'p'`);
    const as = (user: string): ConnectionSettings => ({ ...database.source, user, password: 'p' });
    const clients = await Promise.all([
      connect(as('the App'), "the App's"),
      connect(as('the App'), 'another'),
      connect(as('the App'), 'change data capture', { replication: 'database' }),
      connect(pair.source.superuser(database.name), "rdsadmin's"),
    ]);
    const found = summary(await switchFindings(world, [sessions]));
    expect(found.SessionsWillEnd).toEqual(warning('the App: 3'));
    expect(found.SessionsWillStay).toEqual(warning("rdsadmin (rdsadmin's): 1"));
    await Promise.all(clients.map((client) => client.end()));
  });
});

describe('other subscriptions', () => {
  it('are named where they are enabled in either database (#9.6)', async () => {
    const world = await startWorld({ source: 17, target: 18 });
    try {
      const subscribe = (name: string) =>
        `create subscription ${name} connection 'host=nowhere password=x' publication p with (connect = false)`;
      await world.source(subscribe(`"Other's"`));
      await world.source(subscribe('sleeping'));
      await world.source(`alter subscription "Other's" enable`);
      expect(summary(await switchFindings(world, [subscriptions]))).toEqual({ OtherSubscription: blocker("source: Other's") });
      await world.target(subscribe('on_the_target'));
      await world.target('alter subscription on_the_target enable');
      expect(summary(await switchFindings(world, [subscriptions]))).toEqual({
        OtherSubscription: blocker("source: Other's", 'target: on_the_target'),
      });
      await world.target('alter subscription on_the_target disable');
      await world.source(`alter subscription "Other's" disable`);
      expect(await switchFindings(world, [subscriptions])).toEqual([]);
    } finally {
      await world.destroy();
    }
  });
});
