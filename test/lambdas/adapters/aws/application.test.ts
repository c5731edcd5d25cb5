import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { type ApplicationSides, applicationPort } from '../../../../lambdas/adapters/aws/application.ts';
import { InvalidConfiguration } from '../../../../lambdas/config/errors.ts';
import { ORIGINAL_LABEL } from '../../../../lambdas/ports/application.ts';
import { keepSecret } from '../../../support/secrets-manager.ts';

const ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:shop-application-AbC123';
const CANARY = 'canary-password';
const api = mockClient(SecretsManagerClient);

const SIDES: ApplicationSides = {
  addresses: {
    source: [{ host: 'source.example', port: 5432, database: 'shop' }],
    target: [
      { host: 'target.example', port: 5432, database: 'postgres' },
      { host: 'target.example', port: 6432, database: 'postgres' },
    ],
  },
  login: { host: 'target.example', port: 6432, user: 'shop', password: `${CANARY}-target`, database: 'postgres' },
};
/** With the blanks and the order of keys that a person gave it. */
const AT_SOURCE = `{"dbname": "shop",  "host": "source.example", "port": "5432", "username": "shop", "password": "${CANARY}", "pool": 5}`;
const AT_TARGET = {
  dbname: 'postgres',
  host: 'target.example',
  port: '6432',
  username: 'shop',
  password: `${CANARY}-target`,
  pool: 5,
};
const port = (find = async () => SIDES) => applicationPort(new SecretsManagerClient({}), ARN, find);
const writes = () => [...api.commandCalls(PutSecretValueCommand), ...api.commandCalls(UpdateSecretVersionStageCommand)];

beforeEach(() => {
  api.reset();
});

describe("the application's secret", () => {
  it('is named in full', () => {
    expect(port().secret).toBe(ARN);
  });

  it.each([
    [AT_SOURCE, 'source'],
    [JSON.stringify(AT_TARGET), 'target'],
    [JSON.stringify({ ...AT_TARGET, port: 5432 }), 'target'],
    [JSON.stringify({ ...AT_TARGET, dbname: 'shop' }), 'elsewhere'],
    [JSON.stringify({ ...AT_TARGET, host: 'other.example' }), 'elsewhere'],
  ])('with the value %s leads to: %s', async (text, side) => {
    keepSecret(api, ARN, text);
    await expect(port().pointsAt()).resolves.toBe(side);
    expect(writes()).toEqual([]);
  });

  it('leads to the target and back to the same text, each as a version of its own', async () => {
    const secret = keepSecret(api, ARN, AT_SOURCE);
    const application = port();
    await application.keepOriginal();
    await application.pointAt('target');
    expect(JSON.parse(secret.current())).toEqual(AT_TARGET);
    expect(secret.labelled('AWSPREVIOUS')).toBe(AT_SOURCE);
    await expect(application.pointsAt()).resolves.toBe('target');
    await application.pointAt('source');
    expect(secret.current()).toBe(AT_SOURCE);
    await expect(application.pointsAt()).resolves.toBe('source');
    expect(secret.versions.size).toBe(3);
  });

  it('counts as written while the service still returns the version before (#9.20)', async () => {
    const secret = keepSecret(api, ARN, AT_SOURCE);
    const application = port();
    const stages = { VersionIdsToStages: { 'version-1': ['AWSCURRENT'] } };
    api.on(GetSecretValueCommand, { SecretId: ARN }).resolves({ SecretString: AT_SOURCE, VersionId: 'version-1' });
    api.on(DescribeSecretCommand, { SecretId: ARN }).resolves(stages);
    await application.keepOriginal();
    await application.pointAt('target');
    await application.pointAt('target');
    expect([await application.pointsAt(), await application.isKept()]).toEqual(['target', true]);
    await application.forgetOriginal();
    expect(await application.isKept()).toBe(false);
    expect(writes()).toHaveLength(3);
    expect(secret.versions.size).toBe(2);
  });

  it('counts as changed by another principal where it differs after the write (#9.20)', async () => {
    const secret = keepSecret(api, ARN, AT_SOURCE);
    const application = port();
    await application.keepOriginal();
    await application.pointAt('target');
    secret.put(AT_SOURCE);
    await expect(application.pointsAt()).resolves.toBe('source');
  });

  it('is written once for any number of requests', async () => {
    const secret = keepSecret(api, ARN, AT_SOURCE);
    const application = port();
    for (const side of ['source', 'target', 'target', 'source', 'source'] as const) {
      await application.keepOriginal();
      await application.pointAt(side);
    }
    expect(secret.versions.size).toBe(3);
    expect(api.commandCalls(PutSecretValueCommand)).toHaveLength(2);
  });

  it('is left unchanged where the operator has led it to the target already', async () => {
    const own = JSON.stringify({ ...AT_TARGET, port: 5432, username: 'another', password: 'x' });
    const secret = keepSecret(api, ARN, own);
    await port().pointAt('target');
    expect(secret.current()).toBe(own);
  });

  it.each([
    [
      'JSON with a URL',
      JSON.stringify({ url: `postgresql://shop:${CANARY}@source.example/shop?sslmode=require&connect_timeout=3`, pool: 5 }),
      JSON.stringify({
        url: `postgresql://shop:${CANARY}-target@target.example:6432/postgres?connect_timeout=3&sslmode=verify-full`,
        pool: 5,
      }),
    ],
    [
      'a bare URL',
      `postgres://shop:${CANARY}@source.example:5432/shop`,
      `postgres://shop:${CANARY}-target@target.example:6432/postgres?sslmode=verify-full`,
    ],
  ])('keeps its format: %s', async (_form, before, after) => {
    const secret = keepSecret(api, ARN, before);
    const application = port();
    await application.keepOriginal();
    await application.pointAt('target');
    expect(secret.current()).toBe(after);
    await application.pointAt('source');
    expect(secret.current()).toBe(before);
  });

  it('is compared again with addresses that could not be read at first', async () => {
    keepSecret(api, ARN, AT_SOURCE);
    let asked = 0;
    const application = port(async () => {
      asked += 1;
      if (asked === 1) throw new InvalidConfiguration('not now');
      return SIDES;
    });
    await expect(application.pointsAt()).rejects.toThrow('not now');
    await expect(application.pointsAt()).resolves.toBe('source');
    await expect(application.pointsAt()).resolves.toBe('source');
    expect(asked).toBe(2);
  });
});

describe('the kept value that leads to the source', () => {
  it('is kept under one label of ours, once', async () => {
    const secret = keepSecret(api, ARN, AT_SOURCE);
    const application = port();
    await expect(application.isKept()).resolves.toBe(false);
    await application.keepOriginal();
    await application.keepOriginal();
    await expect(application.isKept()).resolves.toBe(true);
    expect(secret.labelled(ORIGINAL_LABEL)).toBe(AT_SOURCE);
    expect(writes()).toHaveLength(1);
  });

  it.each([
    ['the target', JSON.stringify(AT_TARGET)],
    ['elsewhere', JSON.stringify({ ...AT_TARGET, host: 'other.example' })],
  ])('is told from a value that leads to %s', async (_where, text) => {
    const secret = keepSecret(api, ARN, AT_SOURCE);
    const application = port();
    await application.keepOriginal();
    secret.put(text);
    await application.keepOriginal();
    expect(secret.labelled(ORIGINAL_LABEL)).toBe(AT_SOURCE);
    await application.pointAt('source');
    expect(secret.current()).toBe(AT_SOURCE);
  });

  it('is not labelled where the current value leads elsewhere', async () => {
    const secret = keepSecret(api, ARN, JSON.stringify(AT_TARGET));
    await port().keepOriginal();
    expect(secret.labelled(ORIGINAL_LABEL)).toBeUndefined();
  });

  it('is the latest one, so that a password changed between two switches stays changed', async () => {
    const secret = keepSecret(api, ARN, AT_SOURCE);
    const application = port();
    await application.keepOriginal();
    await application.pointAt('target');
    await application.pointAt('source');
    const rotated = AT_SOURCE.replace(CANARY, `${CANARY}-rotated`);
    secret.put(rotated);
    await application.keepOriginal();
    await application.pointAt('target');
    await application.pointAt('source');
    expect(secret.current()).toBe(rotated);
  });

  it('outlives every other version of the secret', async () => {
    const secret = keepSecret(api, ARN, AT_SOURCE);
    const application = port();
    await application.keepOriginal();
    for (let at = 0; at < 5; at += 1) secret.put(JSON.stringify({ ...AT_TARGET, pool: at }));
    await application.pointAt('source');
    expect(secret.current()).toBe(AT_SOURCE);
  });

  it.each([
    ['of fields', AT_SOURCE, ['shop']],
    ['of a URL', `postgresql://the%20shop:${CANARY}@source.example/shop`, ['the shop']],
    [
      'of both, which differ',
      JSON.stringify({ ...AT_TARGET, url: `postgresql://other:${CANARY}@target.example/postgres` }),
      ['other', 'shop'],
    ],
    ['of both, which agree', JSON.stringify({ ...AT_TARGET, url: `postgresql://shop:${CANARY}@target.example/postgres` }), ['shop']],
  ])('reports the user name of the application and no password: a value %s (#9.7)', async (_, text, users) => {
    keepSecret(api, ARN, text);
    const application = port();
    expect(await application.currentUsers()).toEqual(users);
    expect(await application.targetUser()).toBe('shop');
  });

  it('reports the user at the source from the value that was kept, while it leads to the target', async () => {
    keepSecret(api, ARN, AT_SOURCE.replace('"shop"', '"of the source"'));
    const application = port();
    const before = await application.sourceUsers();
    await application.keepOriginal();
    await application.pointAt('target');
    expect(await application.sourceUsers()).toEqual(before);
  });

  it('reports no user at the source where no value led there', async () => {
    keepSecret(api, ARN, JSON.stringify(AT_TARGET));
    expect(await port().sourceUsers()).toEqual([]);
  });

  it('loses its label at Cleanup, any number of times, without reading a value', async () => {
    const secret = keepSecret(api, ARN, AT_SOURCE);
    await port().keepOriginal();
    api.resetHistory();
    const application = port(() => Promise.reject(new Error('asked for the sides')));
    await application.forgetOriginal();
    await application.forgetOriginal();
    await expect(application.isKept()).resolves.toBe(false);
    expect(secret.labelled(ORIGINAL_LABEL)).toBeUndefined();
    expect(secret.current()).toBe(AT_SOURCE);
    expect(api.commandCalls(GetSecretValueCommand)).toEqual([]);
    expect(writes()).toHaveLength(1);
  });

  it('is asked of the operator where none was kept', async () => {
    const secret = keepSecret(api, ARN, JSON.stringify(AT_TARGET));
    await expect(port().pointAt('source')).rejects.toMatchObject({
      name: 'InvalidConfiguration',
      message: expect.stringMatching(/planetscale-migration-source.*left as it is\. Put in by hand/),
    });
    expect(secret.versions.size).toBe(1);
  });
});

describe('a secret with another writer (#9.12)', () => {
  const CASES = [
    [{ RotationEnabled: true }, 'ApplicationSecretRotates', /rotation off until Cleanup has ended/],
    [{ OwningService: 'rds' }, 'ApplicationSecretManaged', /belongs to another service \(rds\).*name it in applicationSecretArn/],
    [{ ARN, PrimaryRegion: 'us-east-1' }, 'ApplicationSecretReplica', /replica of one in us-east-1/],
  ] as const;

  it.each(CASES)('%j is reported as %s', async (described, code, words) => {
    keepSecret(api, ARN, AT_SOURCE, described);
    const obstacles = await port().obstacles();
    expect(obstacles.map((obstacle) => obstacle.code)).toEqual([code]);
    expect(`${obstacles[0]?.message} ${obstacles[0]?.remedy}`).toMatch(words);
  });

  it.each(CASES)('%j refuses writes and moves of our label', async (described, _code, words) => {
    const secret = keepSecret(api, ARN, AT_SOURCE, described);
    for (const attempt of [() => port().keepOriginal(), () => port().pointAt('target')]) {
      await expect(attempt()).rejects.toMatchObject({ name: 'InvalidConfiguration', message: expect.stringMatching(words) });
    }
    expect(secret.current()).toBe(AT_SOURCE);
    expect(writes()).toEqual([]);
  });

  it('can be read, and is accepted where it leads to the wanted side already', async () => {
    keepSecret(api, ARN, AT_SOURCE, { RotationEnabled: true });
    await expect(port().pointsAt()).resolves.toBe('source');
    await expect(port().pointAt('source')).resolves.toBeUndefined();
  });

  it('is told apart from one that this tool alone writes', async () => {
    keepSecret(api, ARN, AT_SOURCE, { ARN, RotationEnabled: false, PrimaryRegion: 'eu-central-1' });
    await expect(port().obstacles()).resolves.toEqual([]);
  });

  it('is looked for outside of the fenced time of a switch', async () => {
    keepSecret(api, ARN, AT_SOURCE);
    const application = port();
    await application.keepOriginal();
    api.resetHistory();
    await application.pointAt('target');
    expect(api.commandCalls(DescribeSecretCommand)).toEqual([]);
  });
});

describe('a secret that cannot be used', () => {
  it.each([
    ['nothing', undefined, /is empty/],
    ['a text', CANARY, /is not JSON/],
    ['a part of a login', `{"username": "shop", "password": "${CANARY}"}`, /"host", "dbname" are missing/],
    ['a URL of another kind', `{"url": "mysql://shop:${CANARY}@source.example/shop"}`, /not of the form postgresql/],
    ['a URL that leads elsewhere', `postgresql://shop:${CANARY}@source.example/shop?host=other.example`, /sets host once more/],
  ])('with %s is refused before anything is written', async (_what, text, reason) => {
    const secret = keepSecret(api, ARN, text);
    for (const attempt of [() => port().pointsAt(), () => port().keepOriginal(), () => port().pointAt('target')]) {
      await expect(attempt()).rejects.toMatchObject({ name: 'InvalidConfiguration', message: expect.stringMatching(reason) });
    }
    expect(secret.versions.size).toBe(text === undefined ? 0 : 1);
    expect(writes()).toEqual([]);
  });
});

describe('a failed call to Secrets Manager', () => {
  const CALLS = [
    ['GetSecretValue', GetSecretValueCommand],
    ['DescribeSecret', DescribeSecretCommand],
    ['PutSecretValue', PutSecretValueCommand],
    ['UpdateSecretVersionStage', UpdateSecretVersionStageCommand],
  ] as const;
  /** Every call is part of this. */
  const everything = async () => {
    await port().keepOriginal();
    await port().pointAt('target');
  };

  it.each(CALLS)('%s, becomes an error of ours that names the call and the secret', async (operation, command) => {
    for (const [thrown, name] of [
      [{ name: 'AccessDeniedException' }, 'InvalidConfiguration'],
      [{ name: 'ThrottlingException' }, 'TransientError'],
      [{ name: 'InternalServiceError', $fault: 'server' }, 'TransientError'],
      [{ code: 'ECONNRESET' }, 'TransientError'],
      [{ name: 'InvalidRequestException' }, 'InvalidConfiguration'],
    ] as const) {
      api.reset();
      keepSecret(api, ARN, AT_SOURCE);
      api.on(command as typeof PutSecretValueCommand).rejects(Object.assign(new Error('no'), thrown));
      const error: Error = await everything().then(
        () => new Error('It went well.'),
        (caught) => caught,
      );
      expect(error).toMatchObject({ name, message: expect.stringContaining(ARN) });
      if (operation !== 'GetSecretValue') expect(error.message).toContain(`secretsmanager:${operation}`);
    }
  });

  it('never reports the value of the secret, even where the service quotes it', async () => {
    const shown: string[] = [];
    const texts = [AT_SOURCE, JSON.stringify(AT_TARGET), `{"password": "${CANARY}"`, `postgresql://u:${CANARY}@`, `["${CANARY}"]`];
    for (const text of texts) {
      for (const command of [PutSecretValueCommand, UpdateSecretVersionStageCommand, undefined]) {
        api.reset();
        keepSecret(api, ARN, text);
        const quoting = Object.assign(new Error(`Value '${text}' at 'secretString' failed`), { name: 'ValidationException' });
        if (command) api.on(command as typeof PutSecretValueCommand).rejects(quoting);
        for (const attempt of [everything, () => port().pointAt('source'), () => port().pointsAt()]) {
          await attempt().catch((error: Error) => shown.push(`${error.message} ${error.stack} ${JSON.stringify(error)} ${error.cause}`));
        }
      }
    }
    expect(shown.length).toBeGreaterThan(10);
    for (const text of shown) expect(text).not.toContain(CANARY);
  });
});
