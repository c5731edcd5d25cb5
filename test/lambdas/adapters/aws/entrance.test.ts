import { createSocket, type Socket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import type { AddressInfo } from 'node:net';
import {
  DeregisterTargetsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { DescribeDBClustersCommand, RDSClient } from '@aws-sdk/client-rds';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { entranceClients, entrancePort } from '../../../../lambdas/adapters/aws/entrance.ts';

const balancer = mockClient(ElasticLoadBalancingV2Client);
const rds = mockClient(RDSClient);
const GROUP = 'arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/writer/0123456789abcdef';
const HOST = 'shop.cluster-abc.eu-central-1.rds.amazonaws.com';

/** A real name server for one name; an answer of its header alone where it is told a code. */
async function nameServer(answer: { readonly addresses?: readonly string[]; readonly code?: number }): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => {
    const end = query.indexOf(0, 12) + 5; // behind the question
    const { addresses = [], code = 0 } = answer;
    const header = Buffer.from(query.subarray(0, 12));
    header.writeUInt16BE(0x8180 | code, 2);
    header.writeUInt16BE(addresses.length, 6);
    header.writeUInt32BE(0, 8);
    const records = addresses.map((one) => Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, ...one.split('.').map(Number)]));
    socket.send(Buffer.concat([header, query.subarray(12, end), ...records]), port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return socket;
}

const sockets: Socket[] = [];
async function port(answer: Parameters<typeof nameServer>[0]) {
  const server = await nameServer(answer);
  sockets.push(server);
  const names = new Resolver({ timeout: 1_000, tries: 1 });
  names.setServers([`127.0.0.1:${(server.address() as AddressInfo).port}`]);
  return entrancePort({ balancer: new ElasticLoadBalancingV2Client({}), rds: new RDSClient({}), names }, 'shop', GROUP);
}

beforeEach(() => {
  balancer.reset();
  rds.reset();
  rds.on(DescribeDBClustersCommand, { DBClusterIdentifier: 'shop' }).resolves({ DBClusters: [{ Endpoint: HOST, Port: 5432 }] });
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

describe("the addresses of the writer's name", () => {
  it('are all that the resolver knows', async () => {
    const { addresses } = await port({ addresses: ['10.0.0.1', '10.0.1.1'] });
    expect((await addresses()).toSorted()).toEqual(['10.0.0.1', '10.0.1.1']);
  });

  it('are none where the name is not known, or has none', async () => {
    for (const answer of [{ code: 3 }, {}]) expect(await (await port(answer)).addresses()).toEqual([]);
  });

  it.each([[2], [5]])('are not known for the moment where the resolver fails with %i', async (code) => {
    const { addresses } = await port({ code });
    await expect(addresses()).rejects.toMatchObject({
      name: 'TransientError',
      message: expect.stringContaining('goes on leading where it led'),
    });
  });

  it('are that of an endpoint which is an address itself', async () => {
    rds.reset();
    rds.on(DescribeDBClustersCommand).resolves({ DBClusters: [{ Endpoint: '10.0.0.9', Port: 5432 }] });
    expect(await (await port({ addresses: ['10.0.0.1'] })).addresses()).toEqual(['10.0.0.9']);
  });

  it('are asked for by the name that RDS gave last, where RDS does not answer', async () => {
    const { addresses } = await port({ addresses: ['10.0.0.1'] });
    rds.on(DescribeDBClustersCommand).rejectsOnce(Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' }));
    await expect(addresses()).rejects.toMatchObject({ name: 'TransientError' });
    rds.reset();
    rds.on(DescribeDBClustersCommand).resolvesOnce({ DBClusters: [{ Endpoint: HOST, Port: 5432 }] });
    expect(await addresses()).toEqual(['10.0.0.1']);
    rds.on(DescribeDBClustersCommand).rejects(Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' }));
    expect(await addresses()).toEqual(['10.0.0.1']);
  });
});

describe('the targets of the load balancer', () => {
  it('have their state', async () => {
    balancer.on(DescribeTargetHealthCommand, { TargetGroupArn: GROUP }).resolves({
      TargetHealthDescriptions: [
        { Target: { Id: '10.0.0.1', Port: 5432 }, TargetHealth: { State: 'healthy' } },
        { Target: { Id: '10.0.1.1' }, TargetHealth: { State: 'draining' } },
        { Target: { Id: '10.0.2.1' } },
        {},
      ],
    });
    expect(await (await port({})).targets()).toEqual([
      { address: '10.0.0.1', state: 'healthy' },
      { address: '10.0.1.1', state: 'draining' },
      { address: '10.0.2.1', state: 'unavailable' },
    ]);
  });

  it('are registered and deregistered one by one', async () => {
    balancer.on(RegisterTargetsCommand).resolves({}).on(DeregisterTargetsCommand).resolves({});
    const { register, deregister } = await port({});
    await register('10.0.0.1');
    await deregister('10.0.1.1');
    expect(balancer.commandCalls(RegisterTargetsCommand)[0]?.args[0].input).toEqual({
      TargetGroupArn: GROUP,
      Targets: [{ Id: '10.0.0.1' }],
    });
    expect(balancer.commandCalls(DeregisterTargetsCommand)[0]?.args[0].input).toEqual({
      TargetGroupArn: GROUP,
      Targets: [{ Id: '10.0.1.1' }],
    });
  });

  it.each([
    ['Throttling', 'TransientError', /failed for the moment/],
    ['AccessDenied', 'InvalidConfiguration', /AWS denied elasticloadbalancing:RegisterTargets/],
    ['InvalidTarget', 'InvalidConfiguration', /goes on leading where it led.*private address/],
  ])('stay as they are where the service answers %s', async (name, ours, message) => {
    balancer.on(RegisterTargetsCommand).rejects(Object.assign(new Error('No.'), { name }));
    await expect((await port({})).register('10.0.0.1')).rejects.toMatchObject({ name: ours, message: expect.stringMatching(message) });
  });
});

it('the calls of the function end before the next one begins', async () => {
  const { balancer: client, rds: other } = entranceClients();
  for (const { config } of [client, other]) {
    const limits = (config.requestHandler as unknown as { configProvider: Promise<object> }).configProvider;
    await expect(limits).resolves.toMatchObject({ connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true });
  }
});
