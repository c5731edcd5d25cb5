import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { type ConnectionSettings, clientConfig } from '../../../lambdas/adapters/connection-settings.ts';
import { sessions } from '../../../lambdas/cutover/sessions.ts';
import { subscriptions } from '../../../lambdas/cutover/subscriptions.ts';
import { closeGate } from '../../../lambdas/sql/gates.ts';
import { haveGate } from '../../../lambdas/switch/gates.ts';
import { blocker, summary, warning } from '../../support/findings.ts';
import { switchFindings } from '../../support/following.ts';
import { startWorld, type World } from '../../support/world.ts';

async function connect(settings: ConnectionSettings, name: string): Promise<pg.Client> {
  const client = new pg.Client(clientConfig(settings, name));
  client.on('error', () => {});
  await client.connect();
  return client;
}

describe.each([15, 17] as const)('sessions of others on a source %i', (source) => {
  let world: World | undefined;
  afterEach(() => world?.destroy());

  it('are counted by role, and those that no gate shuts out are told from the others', async () => {
    world = await startWorld({ source, target: 18 });
    const { database, pair } = world;
    await world.source(`create role "the App" login password 'p'; create role insider login password 'p'; grant aurora_master to insider;
create role granted login password 'p'; grant connect on database "Shop ""main""" to granted; alter role granted bypassrls`);
    const as = (user: string): ConnectionSettings => ({ ...database.source, user, password: 'p' });
    const logins: Record<string, ConnectionSettings> = {
      'the App': as('the App'),
      granted: as('granted'),
      insider: as('insider'),
      aurora_master: database.source,
      postgres: pair.source.superuser(database.name),
    };
    const clients = await Promise.all(Object.entries(logins).map(([user, settings]) => connect(settings, `${user}'s`)));
    clients.push(await connect(as('the App'), 'another'));
    const found = summary(await switchFindings(world, [sessions]));
    const endsSuperusers = source === 15; // where the stand-in for the master user is one
    expect(found.SessionsWillEnd).toEqual(
      warning(...['aurora_master: 1', 'granted: 1', 'insider: 1'], ...(endsSuperusers ? ['postgres: 1'] : []), 'the App: 2'),
    );
    expect(found.RoleNotShutOut).toEqual(
      warning("aurora_master (aurora_master's): 1", "insider (insider's): 1", "postgres (postgres's): 1"),
    );

    const side = world.ports('test').acting.source;
    await haveGate(side);
    await side.query(closeGate());
    for (const [user, settings] of Object.entries(logins)) {
      const shutOut = await connect(settings, 'again').then(
        async (client) => client.end().then(() => false),
        () => true,
      );
      expect([user, shutOut]).toEqual([user, user === 'the App' || user === 'granted']);
    }
    await Promise.all(clients.map((client) => client.end()));
  });
});

describe('other subscriptions', () => {
  it('are named where they are enabled in the database that is left', async () => {
    const world = await startWorld({ source: 17, target: 18 });
    try {
      const subscribe = (name: string) =>
        `create subscription ${name} connection 'host=nowhere password=x' publication p with (connect = false)`;
      await world.source(subscribe(`"Other's"`));
      await world.source(subscribe('sleeping'));
      await world.source(`alter subscription "Other's" enable`);
      expect(summary(await switchFindings(world, [subscriptions]))).toEqual({ OtherSubscription: blocker("source: Other's") });
      await world.source(`alter subscription "Other's" disable`);
      expect(await switchFindings(world, [subscriptions])).toEqual([]);
    } finally {
      await world.destroy();
    }
  });
});
