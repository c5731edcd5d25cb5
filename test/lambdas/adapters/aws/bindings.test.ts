import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EC2Client } from '@aws-sdk/client-ec2';
import { LambdaClient } from '@aws-sdk/client-lambda';
import {
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  DescribeDBProxiesCommand,
  DescribeDBProxyEndpointsCommand,
  DescribeDBProxyTargetsCommand,
  RDSClient,
} from '@aws-sdk/client-rds';
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { resolveBindings } from '../../../../lambdas/adapters/aws/bindings.ts';
import { awsClients } from '../../../../lambdas/adapters/aws/site.ts';
import { type Environment, VARIABLE } from '../../../../lambdas/config/environment.ts';
import { replicationPassword } from '../../../../lambdas/config/secrets.ts';
import { noApplication, noHook } from '../../../../lambdas/ports/application.ts';
import type { Need } from '../../../../lambdas/ports/ports.ts';

const folder = mkdtempSync(join(tmpdir(), 'places-'));
const authorities = join(folder, 'ca.pem');
writeFileSync(authorities, 'the authorities of RDS');
afterAll(() => rmSync(folder, { recursive: true }));

const secrets = mockClient(SecretsManagerClient);
const rds = mockClient(RDSClient);
const clients = {
  secrets: new SecretsManagerClient({}),
  rds: new RDSClient({}),
  network: new EC2Client({}),
  executions: new SFNClient({}),
  functions: new LambdaClient({}),
};
const event = { executionArn: 'arn:aws:states:eu-central-1:111122223333:execution:App-Replicate:e', startedAt: '2026-01-01T00:00:00Z' };
const environment: Environment = {
  [VARIABLE.database]: 'shop',
  [VARIABLE.sourceSecret]: 'source-secret',
  [VARIABLE.sourceAuthorities]: authorities,
  [VARIABLE.targetSecret]: 'target-secret',
  [VARIABLE.replicationSecret]: 'replication-secret',
  [VARIABLE.subscriptionSslmode]: 'require',
  [VARIABLE.clusterIdentifier]: 'shop-production',
  [VARIABLE.parameterGroup]: 'migration-group',
  [VARIABLE.switchFunctions]: 'arn:aws:lambda:eu-central-1:111122223333:function:one,arn:aws:lambda:eu-central-1:111122223333:function:two',
  [VARIABLE.actingMachines]: 'arn:aws:states:eu-central-1:111122223333:stateMachine:App-Replicate',
};
const find = (...needs: Need[]) => resolveBindings(needs, { environment, event, clients });
const findWith = (...needs: Need[]) => findBeside(needs, {});
const findBeside = (needs: readonly Need[], more: Environment) =>
  resolveBindings(needs, {
    environment: {
      ...environment,
      [VARIABLE.applicationSecret]: 'application-secret',
      [VARIABLE.applicationTargetSecret]: 'own-secret',
      [VARIABLE.switchHook]: 'arn:aws:lambda:eu-central-1:111122223333:function:pause-workers',
      ...more,
    },
    event,
    clients,
  });
const keeps = (secret: string, content: unknown) =>
  secrets.on(GetSecretValueCommand, { SecretId: secret }).resolves({ SecretString: JSON.stringify(content) });

beforeEach(() => {
  secrets.reset();
  rds.reset();
  rds.on(DescribeDBClustersCommand).resolves({ DBClusters: [{ Endpoint: 'writer.example', Port: 6000 }] });
  rds.on(DescribeDBInstancesCommand).resolves({});
  rds.on(DescribeDBProxiesCommand).resolves({});
  keeps('source-secret', { username: 'master', password: 's', host: 'source.example', port: 5433 });
  keeps('target-secret', { url: 'postgresql://pscale:t@target.example/postgres?sslmode=verify-full&sslrootcert=system' });
  keeps('replication-secret', { username: 'planetscale_migration_replication', password: 'r' });
});

describe('the bindings of a step', () => {
  it('verify the source against its own authorities, and the target against the public ones', async () => {
    await expect(find('source', 'target')).resolves.toEqual({
      source: {
        host: 'source.example',
        port: 5433,
        database: 'shop',
        user: 'master',
        password: 's',
        tls: { verify: 'full', authorities: 'the authorities of RDS' },
        currentLogin: expect.any(Function),
      },
      target: {
        host: 'target.example',
        port: 5432,
        database: 'postgres',
        user: 'pscale',
        password: 't',
        tls: { verify: 'full', authorities: 'system' },
        currentLogin: expect.any(Function),
      },
    });
    expect(rds.calls()).toHaveLength(0);
  });

  it("keep the target's public host beside the private one, for the source alone", async () => {
    const hosts = { host: 'aws.private-pg.psdb.cloud', publicHost: 'aws.pg.psdb.cloud' };
    keeps('target-secret', { ...hosts, port: 5432, username: 'pscale', password: 't', dbname: 'postgres' });
    await expect(find('target')).resolves.toMatchObject({ target: hosts });
  });

  it.each([
    [{}, 'writer.example', 6000],
    [{ host: 'proxy.example' }, 'proxy.example', 6000],
    [{ port: 7000 }, 'writer.example', 7000],
  ])('ask the cluster for what the secret of the source does not say: %j', async (said, host, port) => {
    keeps('source-secret', { username: 'master', password: 's', ...said });
    await expect(find('source')).resolves.toMatchObject({ source: { host, port } });
  });

  it('let the target log in where the source is', async () => {
    const { replication } = await find('replication');
    expect(replication).toMatchObject({
      user: 'planetscale_migration_replication',
      host: 'source.example',
      port: 5433,
      sslmode: 'require',
    });
    await expect(replication?.password()).resolves.toBe(replicationPassword('r', 'source'));
    await expect(replication?.password('target')).resolves.toBe(replicationPassword('r', 'target'));
  });

  it('contain the settings of the way back, and nothing else (#10)', async () => {
    expect((await find('wayBack')).wayBack).toEqual({});
    const given = { [VARIABLE.reverseHost]: 'private.example', [VARIABLE.reversePort]: '6000', [VARIABLE.reverseSslmode]: 'require' };
    const { wayBack } = await resolveBindings(['replication'], { environment: { ...environment, ...given }, event, clients });
    expect(wayBack).toEqual({ host: 'private.example', port: 6000, sslmode: 'require' });
  });

  it.each([
    [['source'], ['source-secret']],
    [['schemaDump'], ['source-secret']],
    [['source', 'schemaDump'], ['source-secret']],
    [['target'], ['target-secret']],
    [['cluster', 'clusterSetup', 'clusterRestore', 'clusterReboot', 'executions', 'functions'], []],
  ] as const)('read for the needs %j only %j', async (needs, read) => {
    await find(...needs);
    expect(secrets.calls().map((call) => (call.args[0].input as { SecretId: string }).SecretId)).toEqual(read);
  });

  it("have no application and no function of the user's where none is configured", async () => {
    await expect(find('application', 'applicationView', 'applicationOriginal', 'hook')).resolves.toEqual({
      application: noApplication,
      hook: noHook,
    });
  });

  it('compare the secret of the application with the addresses of both sides, under which it is put to the target as well', async () => {
    keeps('own-secret', { url: 'postgresql://shop:a@target.example:6432/postgres' });
    const { application } = await findWith('application');
    expect(application?.secret).toBe('application-secret');
    for (const [host, port, dbname, side] of [
      ['source.example', 5433, 'shop', 'source'],
      ['target.example', 5432, 'postgres', 'target'],
      ['target.example', 6432, 'postgres', 'target'],
      ['source.example', 5433, 'postgres', 'elsewhere'],
    ] as const) {
      keeps('application-secret', { host, port, dbname, username: 'u', password: 'p' });
      await expect(application?.pointsAt()).resolves.toBe(side);
    }
  });

  describe('with a login that the migration makes', () => {
    const findMade = (needs: readonly Need[], more: Environment = {}) =>
      resolveBindings(needs, {
        environment: {
          ...environment,
          [VARIABLE.applicationSecret]: 'application-secret',
          [VARIABLE.applicationLogin]: 'login-secret',
          ...more,
        },
        event,
        clients,
      });
    const asked = async (user: string | undefined, more: Environment = {}) => {
      const { application } = await findMade(['application'], more);
      const users: (readonly string[])[] = [];
      const port = application?.asking?.(async (names) => {
        users.push(names);
        return user;
      });
      if (!port) throw new Error('There is nothing to ask.');
      return { port, users };
    };
    const written = () => secrets.commandCalls(PutSecretValueCommand).map(({ args }) => JSON.parse(args[0].input.SecretString ?? ''));
    beforeEach(() => {
      keeps('login-secret', { password: 'made' });
      keeps('application-secret', { host: 'source.example', port: 5433, dbname: 'shop', username: 'shop', password: 'p', pool: 5 });
      secrets.on(DescribeSecretCommand).resolves({});
      secrets.on(UpdateSecretVersionStageCommand).resolves({});
      secrets.on(PutSecretValueCommand).resolves({});
    });

    it('put it into the secret: the address of the target, the role that the target knows, and the password of the stack', async () => {
      const { port, users } = await asked('shop.branch', { APPLICATION_ROLE: 'made role' });
      expect(port.makesLogin).toEqual({ role: 'made role' });
      expect(await port.targetUser()).toBe('shop.branch');
      await port.keepOriginal();
      const before = users.length;
      await port.pointAt('target');
      expect(users).toHaveLength(before); // not inside of the fence
      expect(users.flat()).toEqual(users.map(() => 'shop'));
      const login = { host: 'target.example', port: 5432, dbname: 'postgres', username: 'shop.branch', password: 'made' };
      expect(written()).toEqual([{ ...login, pool: 5 }]);
    });

    it("take the query of the target's URL with it", async () => {
      keeps('application-secret', { url: 'postgresql://shop:p@source.example:5433/shop?sslmode=require&connect_timeout=3' });
      const { port } = await asked('shop.branch');
      await port.pointAt('target');
      expect(written()).toEqual([
        {
          url: 'postgresql://shop.branch:made@target.example:5432/postgres?connect_timeout=3&sslmode=verify-full&sslrootcert=system',
        },
      ]);
    });

    it('put in the login of the target secret where none was made, without reading the password', async () => {
      const { port } = await asked(undefined);
      await port.pointAt('target');
      expect(written()).toEqual([expect.objectContaining({ username: 'pscale', password: 't' })]);
      expect(secrets.commandCalls(GetSecretValueCommand, { SecretId: 'login-secret' })).toEqual([]);
    });

    it('tell the user of a secret that leads to the target already, without asking', async () => {
      keeps('application-secret', { host: 'target.example', port: 5432, dbname: 'postgres', username: 'shop.branch', password: 'made' });
      const { port, users } = await asked('another');
      expect(await port.targetUser()).toBe('shop.branch');
      expect(users).toEqual([]);
    });

    it('read the password for the step that makes it, and refuse a secret without one', async () => {
      const { applicationLogin } = await findMade(['applicationLogin']);
      await expect(applicationLogin?.password()).resolves.toBe('made');
      keeps('login-secret', {});
      await expect(applicationLogin?.password()).rejects.toThrow(/login-secret cannot be used: "password" is missing/);
      await expect((await find('applicationLogin')).applicationLogin?.password()).rejects.toThrow(/makes no login/);
    });

    it('must not be in the secret of another role', async () => {
      await expect(findMade(['application'], { APPLICATION_LOGIN_SECRET_ARN: 'target-secret' })).rejects.toThrow(
        /"targetSecretArn" and the stack's secret of the application's login name one secret/,
      );
    });
  });

  describe('know every name by which the application may reach the source (#10)', () => {
    const sideOf = async (host: string, port: number, more: Environment = {}) => {
      keeps('own-secret', { url: 'postgresql://shop:a@target.example:6432/postgres' });
      keeps('application-secret', { host, port, dbname: 'shop', username: 'u', password: 'p' });
      const { application } = await findBeside(['application'], more);
      return application?.pointsAt();
    };
    beforeEach(() => {
      rds.on(DescribeDBClustersCommand).resolves({
        DBClusters: [
          {
            Endpoint: 'shop.cluster-abc.rds.example',
            ReaderEndpoint: 'shop.cluster-ro-abc.rds.example',
            CustomEndpoints: ['far.cluster-custom-abc.rds.example'],
            Port: 6000,
          },
        ],
      });
      rds
        .on(DescribeDBInstancesCommand)
        .resolves({ DBInstances: [{ DBInstanceIdentifier: 'shop-1', Endpoint: { Address: 'shop-1.abc.rds.example' } }] });
      rds.on(DescribeDBProxiesCommand).resolves({
        DBProxies: [
          { DBProxyName: 'front', Endpoint: 'front.proxy-abc.rds.example', EngineFamily: 'POSTGRESQL' },
          { DBProxyName: 'others', Endpoint: 'others.proxy-abc.rds.example', EngineFamily: 'POSTGRESQL' },
        ],
      });
      rds.on(DescribeDBProxyTargetsCommand, { DBProxyName: 'front' }).resolves({ Targets: [{ TrackedClusterId: 'shop-production' }] });
      rds.on(DescribeDBProxyTargetsCommand, { DBProxyName: 'others' }).resolves({ Targets: [{ TrackedClusterId: 'another' }] });
      rds.on(DescribeDBProxyEndpointsCommand).resolves({ DBProxyEndpoints: [{ Endpoint: 'read.endpoint.proxy-abc.rds.example' }] });
    });

    it.each([
      ['shop.cluster-abc.rds.example', 6000, 'source'],
      ['SHOP.cluster-ro-abc.rds.example', 6000, 'source'],
      ['far.cluster-custom-abc.rds.example', 6000, 'source'],
      ['shop-1.abc.rds.example', 6000, 'source'],
      ['front.proxy-abc.rds.example', 5432, 'source'],
      ['read.endpoint.proxy-abc.rds.example', 5432, 'source'],
      ['others.proxy-abc.rds.example', 5432, 'elsewhere'],
      ['shop.cluster-abc.rds.example', 5432, 'elsewhere'],
      ['db.shop.internal', 5433, 'elsewhere'],
    ])('%s at port %i leads to %s', async (host, port, side) => {
      await expect(sideOf(host, port)).resolves.toBe(side);
    });

    it.each([
      ['db.shop.internal', 5433, 'source'],
      ['DB.shop.internal', 5433, 'source'],
      ['db.shop.internal', 6432, 'elsewhere'],
      ['pooler.internal', 6432, 'source'],
      ['pooler.internal', 5433, 'elsewhere'],
    ])('%s at port %i leads to %s with a setting of further names', async (host, port, side) => {
      await expect(sideOf(host, port, { APPLICATION_SOURCE_HOSTS: 'db.shop.internal,pooler.internal:6432' })).resolves.toBe(side);
    });

    it('ask RDS for no names where the address is the one in the secrets', async () => {
      await expect(sideOf('source.example', 5433)).resolves.toBe('source');
      expect(rds.calls()).toHaveLength(0);
    });

    it('find no side without an answer of RDS, and report the missing right', async () => {
      rds.on(DescribeDBProxiesCommand).rejects(Object.assign(new Error('denied'), { name: 'AccessDenied' }));
      await expect(sideOf('front.proxy-abc.rds.example', 5432)).rejects.toThrow(/rds:DescribeDBProxies/);
    });
  });

  it('read nothing for the application before it is asked for', async () => {
    await findWith('applicationOriginal', 'hook');
    expect(secrets.calls()).toHaveLength(0);
  });

  it('refuse an application that uses another database than the migrated one', async () => {
    keeps('application-secret', { host: 'source.example', port: 5433, dbname: 'shop', username: 'u', password: 'p' });
    keeps('own-secret', { url: 'postgresql://shop:a@target.example/another' });
    const { application } = await findWith('application');
    const refusal = application?.pointsAt();
    await expect(refusal).rejects.toMatchObject({
      name: 'InvalidConfiguration',
      message: expect.stringMatching(/own-secret leads to another database than target-secret/),
    });
  });

  describe('one secret in two roles', () => {
    const ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:shop-AbC123';
    const answers = (spelling: string, content: unknown, arn = ARN) =>
      secrets
        .on(GetSecretValueCommand, { SecretId: spelling })
        .resolves({ SecretString: JSON.stringify(content), ARN: arn, VersionId: '1' });
    const findFor = (needs: readonly Need[], more: Environment) =>
      resolveBindings(needs, { environment: { ...environment, ...more }, event, clients });
    const refusal = (roles: string) => ({
      name: 'InvalidConfiguration',
      message: expect.stringMatching(new RegExp(`${roles} name one secret, \\S+: .*Nothing was touched; correct the settings`)),
    });

    it.each<[Environment, string]>([
      [{ TARGET_SECRET_ARN: 'source-secret' }, '"sourceSecretArn" and "targetSecretArn"'],
      [{ APPLICATION_SECRET_ARN: 'source-secret' }, '"sourceSecretArn" and "applicationSecretArn"'],
      [{ APPLICATION_SECRET_ARN: 'target-secret' }, '"targetSecretArn" and "applicationSecretArn"'],
      [{ APPLICATION_SECRET_ARN: 'replication-secret' }, 'secret of the replication role and "applicationSecretArn"'],
      [{ APPLICATION_SECRET_ARN: 'a', APPLICATION_TARGET_SECRET_ARN: 'a' }, '"applicationSecretArn" and "applicationTargetSecretArn"'],
      [{ APPLICATION_SECRET_ARN: 'source-secret-AbC123' }, '"sourceSecretArn" and "applicationSecretArn"'],
    ])('is refused by the settings alone, before any read: %j (#9.12)', async (more, roles) => {
      await expect(findFor(['application'], more)).rejects.toMatchObject(refusal(roles));
      expect(secrets.calls()).toHaveLength(0);
    });

    it('is recognised by its full ARN, however the settings spell it (#9.12)', async () => {
      answers('source-secret', { username: 'master', password: 's', host: 'source.example', port: 5433 });
      answers('target-secret', { url: 'postgresql://pscale:t@target.example/postgres' });
      await expect(find('source', 'target')).rejects.toMatchObject(refusal('"sourceSecretArn" and "targetSecretArn"'));
    });

    it('is recognised in the secret of the application before anything is written (#9.12)', async () => {
      answers('source-secret', { username: 'master', password: 's', host: 'source.example', port: 5433, dbname: 'shop' });
      answers('app', { username: 'master', password: 's', host: 'source.example', port: 5433, dbname: 'shop' });
      keeps('own-secret', { url: 'postgresql://shop:a@target.example/postgres' });
      secrets.on(DescribeSecretCommand).resolves({});
      const { application } = await findFor(['application'], {
        APPLICATION_SECRET_ARN: 'app',
        APPLICATION_TARGET_SECRET_ARN: 'own-secret',
      });
      for (const attempt of [application?.pointsAt(), application?.keepOriginal(), application?.pointAt('target')]) {
        await expect(attempt).rejects.toMatchObject(refusal('"sourceSecretArn" and "applicationSecretArn"'));
      }
      expect(secrets.commandCalls(PutSecretValueCommand)).toEqual([]);
      expect(secrets.commandCalls(UpdateSecretVersionStageCommand)).toEqual([]);
    });

    it("is accepted where the application uses the target's own login (#9.12)", async () => {
      answers('target-secret', { url: 'postgresql://pscale:t@target.example/postgres' });
      answers(
        'app',
        { username: 'shop', password: 'p', host: 'source.example', port: 5433, dbname: 'shop' },
        `${ARN.slice(0, -7)}-app-XyZ789`,
      );
      const { application } = await findFor(['application'], {
        APPLICATION_SECRET_ARN: 'app',
        APPLICATION_TARGET_SECRET_ARN: 'target-secret',
      });
      await expect(application?.pointsAt()).resolves.toBe('source');
    });
  });

  it("have a function of the user's where one is configured", async () => {
    const { hook } = await findWith('hook');
    expect(hook).not.toBe(noHook);
  });

  it('bound the time of every call within the limit of a function', async () => {
    for (const client of Object.values(awsClients()) as SecretsManagerClient[]) {
      const limits = (client.config.requestHandler as unknown as { configProvider: Promise<object> }).configProvider;
      await expect(limits).resolves.toMatchObject({ connectionTimeout: 5_000, requestTimeout: 30_000, throwOnRequestTimeout: true });
    }
  });

  it('take the group of the migration and the acting machines from the stack', async () => {
    const { cluster, executions } = await find('cluster', 'executions');
    expect(cluster?.migrationGroup).toBe('migration-group');
    expect(executions).toBeDefined();
  });

  it('take the wanted state of the cluster from the stack, where the step needs it', async () => {
    const given = {
      [VARIABLE.stack]: 'Shop',
      [VARIABLE.publicAccess]: 'listed',
      [VARIABLE.vpc]: 'vpc-1',
      [VARIABLE.securityGroup]: 'Shop-until-cleanup',
    };
    const { cluster } = await resolveBindings(['clusterSetup'], { environment: { ...environment, ...given }, event, clients });
    expect(cluster).toMatchObject({ migrationGroup: 'migration-group', stack: 'Shop', publicAccess: 'listed' });
    const { cluster: untold } = await find('cluster');
    expect(() => untold?.stack).toThrow(/lacks its setting STACK_NAME/);
    expect(() => untold?.publicAccess).toThrow(/lacks its setting PUBLIC_ACCESS/);
    await expect(untold?.securityGroup()).resolves.toBeUndefined();
    await expect(untold?.allowed()).resolves.toBeUndefined();
  });

  it('have the load balancer for the stream to PlanetScale where there is one, and the cluster for everything else', async () => {
    const given = { [VARIABLE.entranceHost]: 'entrance.elb.amazonaws.com', [VARIABLE.clusterPort]: '6000' };
    const { replication, source } = await resolveBindings(['replication'], { environment: { ...environment, ...given }, event, clients });
    expect(replication).toMatchObject({ host: 'entrance.elb.amazonaws.com', port: 6000 });
    const plain = await find('replication');
    expect(source).toMatchObject({ host: plain.source?.host, port: plain.source?.port });
    expect(plain.replication).toMatchObject({ host: plain.source?.host, port: plain.source?.port });
    const without = { [VARIABLE.entranceHost]: 'entrance.elb.amazonaws.com' };
    await expect(resolveBindings(['replication'], { environment: { ...environment, ...without }, event, clients })).rejects.toThrow(
      /lacks its setting CLUSTER_PORT/,
    );
  });

  it.each(['source', 'target', 'cluster', 'executions', 'replication', 'functions'] as const)(
    'report the missing setting of %s',
    async (need) => {
      await expect(resolveBindings([need], { environment: {}, event, clients })).rejects.toMatchObject({
        name: 'InvalidConfiguration',
        message: expect.stringMatching(/lacks its setting [A-Z_]+/),
      });
    },
  );

  it('report the missing file of certificate authorities', async () => {
    const lost = { ...environment, [VARIABLE.sourceAuthorities]: '/nowhere/ca.pem' };
    await expect(resolveBindings(['source'], { environment: lost, event, clients })).rejects.toMatchObject({
      name: 'InvalidConfiguration',
      message: expect.stringContaining('/nowhere/ca.pem'),
    });
  });

  it('report an empty target secret with its remedy', async () => {
    secrets.on(GetSecretValueCommand, { SecretId: 'target-secret' }).resolves({ SecretString: '' });
    await expect(find('target')).rejects.toMatchObject({
      name: 'InvalidConfiguration',
      message: expect.stringMatching(/target-secret.*is empty\. Put in/),
    });
  });
});
