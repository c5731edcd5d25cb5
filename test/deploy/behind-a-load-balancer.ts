/** A second deployment, for a cluster in private subnets: what the emulator can show of a load balancer that follows the writer. */
import assert from 'node:assert/strict';
import {
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import type { Progress } from '../../rehearsal/display/progress.ts';
import { serverCertificate } from '../../rehearsal/servers/certificates.ts';
import { Cdk } from './cdk.ts';
import type { Emulator } from './emulator.ts';
import { ACCOUNT, type Clients, type Files, REGION } from './site.ts';
import { findStack, namesOf, notDeleted } from './stack.ts';

export interface Deploying {
  readonly clients: Clients;
  readonly emulator: Emulator;
  readonly files: Files;
  /** The app's settings, with which the cluster would become public but for the subnets of a load balancer. */
  readonly settings: Readonly<Record<string, string>>;
  readonly progress: Progress;
}

export async function behindALoadBalancer({ clients, emulator, files, settings, progress }: Deploying): Promise<void> {
  progress.say('Deploying once more, with a load balancer before the cluster');
  const cdk = new Cdk(emulator.endpoint, files, { ...settings, access: 'load-balancer' });
  await cdk.deploy();
  const stack = await findStack(clients);
  const balancers = await balancersAt(emulator.endpoint);
  const { LoadBalancers = [] } = await balancers.send(new DescribeLoadBalancersCommand({}));
  assert.deepEqual(
    LoadBalancers.map(({ Type, Scheme }) => [Type, Scheme]),
    [['network', 'internet-facing']],
  );
  const { TargetGroups: [group] = [] } = await balancers.send(new DescribeTargetGroupsCommand({}));
  const registered = async () => {
    const found = await balancers.send(new DescribeTargetHealthCommand({ TargetGroupArn: group?.TargetGroupArn }));
    return (found.TargetHealthDescriptions ?? []).map(({ Target }) => Target?.Id);
  };
  const before = await registered();
  const follower = namesOf(stack, 'AWS::Lambda::Function').find((name) => name.includes('Follow')) ?? '';
  const { FunctionError, Payload } = await clients.functions.send(new InvokeCommand({ FunctionName: follower, Payload: '{}' }));
  assert.equal(FunctionError, undefined, Buffer.from(Payload ?? []).toString());
  assert.deepEqual(
    [before, await registered()],
    [[], ['127.0.0.1']],
    'The follower registers the writer, and the stack registers nothing.',
  );
  await cdk.destroy();
  assert.deepEqual(
    (await notDeleted(clients, stack)).map((left) => left.split(' ')[0]),
    ['AWS::S3::Bucket'],
    'Only the bucket of the reports outlives the stack.',
  );
  progress.say(`Destroyed; nothing is left of ${stack.resources.length} resources`);
}

async function balancersAt(endpoint: string): Promise<ElasticLoadBalancingV2Client> {
  const { authority: ca } = await serverCertificate();
  return new ElasticLoadBalancingV2Client({
    endpoint,
    region: REGION,
    credentials: { accessKeyId: ACCOUNT, secretAccessKey: 'unused' },
    requestHandler: { httpsAgent: { ca, keepAlive: true } },
  });
}
