import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { resolveBindings } from '../../../../lambdas/adapters/aws/bindings.ts';
import { awsClients } from '../../../../lambdas/adapters/aws/site.ts';
import { openPorts } from '../../../../lambdas/adapters/open-ports.ts';
import { VARIABLE } from '../../../../lambdas/config/environment.ts';
import { REPLICATION_ROLE } from '../../../../lambdas/config/names.ts';
import { replicationPassword } from '../../../../lambdas/config/secrets.ts';
import type { SideName } from '../../../../lambdas/config/side-name.ts';
import type { Need } from '../../../../lambdas/ports/ports.ts';
import { identifier, literal, statement } from '../../../../lambdas/postgres/quote.ts';
import { type KeptSecret, keepSecret } from '../../../support/secrets-manager.ts';
import { startWorld, type World } from '../../../support/world.ts';

const ONE = statement<{ n: number }>('select 1::float8 as n');
const WRONG = /28P01/;

const folder = mkdtempSync(join(tmpdir(), 'rotated-'));
const authorities = join(folder, 'ca.pem');
const api = mockClient(SecretsManagerClient);
const readings = (arn: string): number =>
  api.commandCalls(GetSecretValueCommand).filter((call) => call.args[0].input.SecretId === `${arn}-secret`).length;

describe('a login that was rotated after the secret was read (#9.14)', () => {
  let world: World;
  const kept: Partial<Record<SideName | 'replication', KeptSecret>> = {};
  let rotations = 0;

  beforeAll(async () => {
    writeFileSync(authorities, 'of no interest here');
    world = await startWorld();
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await world?.destroy();
  });
  beforeEach(async () => {
    api.reset();
    for (const side of ['source', 'target'] as const) {
      const { user, password, host, port, database } = world.database[side];
      await world[side](`alter role ${identifier(world.database.roles[side])} login password ${literal(password)}`);
      kept[side] = keepSecret(api, `${side}-secret`, JSON.stringify({ username: user, password, host, port, dbname: database }));
    }
    await world.source(
      `drop role if exists ${REPLICATION_ROLE}; create role ${REPLICATION_ROLE} login password ${literal(replicationPassword('first', 'source'))}`,
    );
    kept.replication = keepSecret(api, 'replication-secret', JSON.stringify({ username: REPLICATION_ROLE, password: 'first' }));
  });

  /** As a function has them, but for the authority of a test's servers. */
  async function openedPorts(...needs: Need[]) {
    const environment = {
      [VARIABLE.database]: world.database.name,
      [VARIABLE.sourceSecret]: 'source-secret',
      [VARIABLE.sourceAuthorities]: authorities,
      [VARIABLE.targetSecret]: 'target-secret',
      [VARIABLE.replicationSecret]: 'replication-secret',
      [VARIABLE.subscriptionSslmode]: 'require',
      [VARIABLE.clusterIdentifier]: 'shop-production',
    };
    const event = { executionArn: 'arn:aws:states:eu-central-1:111122223333:execution:App-Replicate:e', startedAt: '' };
    const clients = { ...awsClients(), secrets: new SecretsManagerClient({}) };
    const places = await resolveBindings(needs, { environment, event, clients });
    const { source, target } = places;
    return openPorts('Test', {
      ...places,
      ...(source && { source: { ...source, tls: world.database.source.tls } }),
      ...(target && { target: { ...target, tls: world.database.target.tls } }),
    });
  }

  /** As a rotation does: at the server and in the secret. */
  async function rotate(side: SideName, user = world.database.roles[side]): Promise<void> {
    rotations += 1;
    const password = `rotation ${rotations}`;
    const isReplication = user === REPLICATION_ROLE;
    const atServer = isReplication ? replicationPassword(password, side) : password;
    await world[side](`alter role ${identifier(world.database.roles[side])} login password ${literal(atServer)}`);
    const secret = isReplication ? kept.replication : kept[side];
    secret?.put(JSON.stringify({ ...JSON.parse(secret.current()), password }));
  }

  it.each(['source', 'target'] as const)(
    'is retried at the %s with the new password for snapshots, acts and sessions, with one more reading in all',
    async (side) => {
      const { looking, acting, close } = await openedPorts(side);
      try {
        await rotate(side);
        await expect(looking[side].query(ONE)).resolves.toEqual([{ n: 1 }]);
        await expect(acting[side].query(ONE)).resolves.toEqual([{ n: 1 }]);
        await expect((await acting[side].session('further')).query(ONE)).resolves.toEqual([{ n: 1 }]);
        expect(readings(side)).toBe(2);
      } finally {
        await close();
      }
    },
  );

  it('is followed through a second rotation', async () => {
    const { looking, acting, close } = await openedPorts('source');
    try {
      await rotate('source');
      await expect(looking.source.query(ONE)).resolves.toEqual([{ n: 1 }]);
      await rotate('source');
      await expect(acting.source.query(ONE)).resolves.toEqual([{ n: 1 }]);
    } finally {
      await close();
    }
  });

  it('is retried by pg_dump', async () => {
    const { looking, close } = await openedPorts('schemaDump');
    try {
      await rotate('source');
      await expect(looking.schemaDump.dump(['--schema-only', '--schema=public'])).resolves.toContain('PostgreSQL database dump');
    } finally {
      await close();
    }
  });

  it.each(['source', 'target'] as const)('is refused at the %s after one more reading where the secret is unchanged', async (side) => {
    const { looking, close } = await openedPorts(side);
    try {
      await world[side](`alter role ${identifier(world.database.roles[side])} password 'another'`);
      await expect(looking[side].query(ONE)).rejects.toMatchObject({ name: 'CannotConnect', message: expect.stringMatching(WRONG) });
      expect(readings(side)).toBe(2);
    } finally {
      await close();
    }
  });

  it("is refused where the secret's new value is wrong as well", async () => {
    const { looking, close } = await openedPorts('source');
    try {
      await rotate('source');
      await world.source(`alter role ${identifier(world.database.source.user)} password 'a third'`);
      await expect(looking.source.query(ONE)).rejects.toMatchObject({ name: 'CannotConnect', message: expect.stringMatching(WRONG) });
      expect(readings('source')).toBe(2);
    } finally {
      await close();
    }
  });

  it('leads to no new reading for a role without LOGIN (28000)', async () => {
    const { looking, close } = await openedPorts('target');
    try {
      await world.target(`alter role ${identifier(world.database.roles.target)} nologin`);
      await expect(looking.target.query(ONE)).rejects.toMatchObject({ name: 'CannotConnect', message: expect.stringMatching(/28000/) });
      expect(readings('target')).toBe(1);
    } finally {
      await close();
    }
  });

  it('counts as a wrong replication login only if the secret, read again, is unchanged', async () => {
    const { looking, close } = await openedPorts('replication');
    try {
      await expect(looking.replication.works()).resolves.toBe(true);
      const before = readings('replication');
      api.on(GetSecretValueCommand, { SecretId: 'replication-secret' }).resolvesOnce({
        SecretString: JSON.stringify({ username: REPLICATION_ROLE, password: 'rotated away' }),
      });
      api.on(GetSecretValueCommand, { SecretId: 'replication-secret' }).resolves({ SecretString: kept.replication?.current() ?? '' });
      await world.source(`alter role ${REPLICATION_ROLE} password 'another'`);
      await expect(looking.replication.works()).resolves.toBe(false);
      expect(readings('replication')).toBe(before + 2);
    } finally {
      await close();
    }
  });

  it('is retried for a replication login that is rotated during the trial', async () => {
    const { looking, close } = await openedPorts('replication');
    try {
      const stale = JSON.stringify({ username: REPLICATION_ROLE, password: 'first' });
      await rotate('source', REPLICATION_ROLE);
      const current = kept.replication?.current() ?? '';
      api
        .on(GetSecretValueCommand, { SecretId: 'replication-secret' })
        .resolvesOnce({ SecretString: stale })
        .resolves({ SecretString: current });
      await expect(looking.replication.works()).resolves.toBe(true);
    } finally {
      await close();
    }
  });
});
