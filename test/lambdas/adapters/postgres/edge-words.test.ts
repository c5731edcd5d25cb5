import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CannotConnect, SwitchFailed, TransientError } from '../../../../lambdas/config/errors.ts';
import { HOPELESS } from '../../../../lambdas/replication/subscribe.ts';
import { NO_BRANCH, NO_UPSTREAM, noPrimary, retryTimeout, SSL_REQUIRED, unknownBranch } from '../../../../rehearsal/servers/front/edge.ts';
import { FOLLOWED, follow } from '../../../support/following.ts';
import { startWorld, type World } from '../../../support/world.ts';

const BRANCH = 'nk35mx55qq';
const PASSING = [NO_UPSTREAM, noPrimary(BRANCH), retryTimeout(BRANCH)];

describe("messages of PlanetScale's edge (#10)", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world?.destroy());

  it.each([
    ['no branch', { user: 'postgres' }, /28000.*username must include branch.*postgres\.<branch id>/],
    ['a branch that is not there', { user: 'postgres.other' }, /28000.*branch other does not exist.*id of the branch/],
    ['no TLS', { tls: { verify: 'off' } as const }, /28000.*SSL connection is required.*switch TLS on/],
  ])('are no transient error for a login with %s, whatever its password', async (_, spoiled, says) => {
    const kept = world.places.target;
    Object.assign(world.places, { target: { ...kept, ...spoiled } });
    const ports = world.ports('CreateSubscription');
    try {
      const asked = ports.looking.target.version();
      await expect(asked).rejects.toThrow(CannotConnect);
      await expect(asked).rejects.toThrow(says);
      await expect(ports.looking.replication.works('target')).rejects.toThrow(CannotConnect);
    } finally {
      Object.assign(world.places, { target: kept });
    }
  });

  it('are no wrong password: a trial login is refused by the server alone, for its password or for a role without LOGIN', async () => {
    const ports = world.ports('CreateSubscription');
    const works = () => ports.looking.replication.works('target');
    expect(await works()).toBe(false); // there is no such role
    const password = (await world.places.replication.password('target')).replaceAll("'", "''");
    await world.target(`create role planetscale_migration_replication login password '${password}'`);
    expect(await works()).toBe(true);
    await world.target('alter role planetscale_migration_replication nologin');
    expect(await works()).toBe(false);
    await world.target('drop role planetscale_migration_replication');
  });

  it.each(PASSING)('are a transient error: $message', async (refusal) => {
    world.pair.edge.shut(refusal);
    try {
      const ports = world.ports('CreateSubscription');
      await expect(ports.looking.target.version()).rejects.toThrow(TransientError);
      await expect(ports.acting.target.session('any')).rejects.toThrow(TransientError);
    } finally {
      world.pair.edge.open();
    }
  });

  it.each([
    ...[NO_BRANCH, SSL_REQUIRED, unknownBranch('other')].map(({ message }) => [message, true] as const),
    ...PASSING.map(({ message }) => [message, false] as const),
  ])('are recognised through libpq: "%s" is hopeless: %s', (message, hopeless) => {
    expect(HOPELESS.test(`could not connect to the publisher: FATAL:  ${message}`)).toBe(hopeless);
  });
});

describe.each([11, 13, 15, 17] as const)("messages of PlanetScale's edge to a subscribing source of version %i (#10)", (source) => {
  let world: World;
  beforeAll(async () => {
    world = await follow(await startWorld({ source, target: 18, ...FOLLOWED }));
  });
  afterAll(() => world?.destroy());

  it.each([
    [noPrimary(BRANCH), TransientError, /no primary available for branch/],
    [unknownBranch(BRANCH), SwitchFailed, /branch nk35mx55qq does not exist.*<role>\.<branch id>/],
  ])('are classified as for our own connections: $message', async (refusal, error, says) => {
    const { edge } = world.pair;
    edge.shut(refusal, (role) => role === world.places.replication.user); // we are let in
    try {
      const switching = world.visit('SwitchOver');
      await expect(switching).rejects.toThrow(error);
      await expect(switching).rejects.toThrow(
        /cannot subscribe to the target .* as planetscale_migration_replication\.nk35mx55qq, so nothing was fenced/,
      );
      await expect(switching).rejects.toThrow(says);
    } finally {
      edge.open();
    }
  });
});
