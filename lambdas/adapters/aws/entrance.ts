/** The port `entrance` over Elastic Load Balancing, with the address of the writer by DNS. */
import { Resolver } from 'node:dns/promises';
import { isIPv4 } from 'node:net';
import {
  DeregisterTargetsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { RDSClient } from '@aws-sdk/client-rds';
import { InvalidConfiguration, TransientError } from '../../config/errors.ts';
import type { Entrance } from '../../ports/entrance.ts';
import { translateCommon } from './aws-errors.ts';
import { writerEndpoint } from './rds-state.ts';

export interface EntranceClients {
  readonly balancer: ElasticLoadBalancingV2Client;
  readonly rds: RDSClient;
  /** Asks the VPC's own resolver, which knows the private addresses. */
  readonly names: Pick<Resolver, 'resolve4'>;
}

/** A call lasts less than the minute until the next one. */
const LIMITS = { requestHandler: { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true } };
const DNS_LIMITS = { timeout: 2_000, tries: 2 };

export const entranceClients = (): EntranceClients => ({
  balancer: new ElasticLoadBalancingV2Client(LIMITS),
  rds: new RDSClient(LIMITS),
  names: new Resolver(DNS_LIMITS),
});

/** A name without an address of this kind: the answer is known, and it is none. */
const WITHOUT_ADDRESS = /^(ENODATA|ENOTFOUND)$/;

/** @param cluster DBClusterIdentifier @param targetGroup ARN */
export function entrancePort({ balancer, rds, names }: EntranceClients, cluster: string, targetGroup: string): Entrance {
  let known: string | undefined;
  /** Remembered for a moment in which RDS does not answer: it hardly ever changes. */
  const endpoint = async (): Promise<string> => {
    try {
      known = (await writerEndpoint(rds, cluster)).host;
    } catch (error) {
      if (known === undefined || !(error instanceof TransientError)) throw error;
    }
    return known;
  };
  const at = (address: string) => ({ TargetGroupArn: targetGroup, Targets: [{ Id: address }] });
  const calling = async <Result>(operation: string, send: () => Promise<Result>): Promise<Result> => {
    try {
      return await send();
    } catch (error) {
      const action = `elasticloadbalancing:${operation}`;
      const { name, message } = error as Error;
      throw (
        translateCommon(error, { action, resource: targetGroup }) ??
        new InvalidConfiguration(
          `${action} was refused (${name}: ${message}). The load balancer goes on leading where it led. Deploy the stack again; where an address ` +
            'is refused, the VPC has to lead the name of the cluster to a private address of its own.',
        )
      );
    }
  };
  return {
    async addresses() {
      const host = await endpoint();
      if (isIPv4(host)) return [host]; // which a resolver does not look up
      try {
        return await names.resolve4(host);
      } catch (error) {
        const { code = 'no answer' } = error as NodeJS.ErrnoException;
        if (WITHOUT_ADDRESS.test(code)) return [];
        throw new TransientError(
          `The address of ${host} cannot be found for the moment (${code}). The load balancer goes on leading where it led.`,
        );
      }
    },
    async targets() {
      const { TargetHealthDescriptions = [] } = await calling('DescribeTargetHealth', () =>
        balancer.send(new DescribeTargetHealthCommand({ TargetGroupArn: targetGroup })),
      );
      return TargetHealthDescriptions.flatMap(({ Target, TargetHealth }) =>
        Target?.Id === undefined ? [] : [{ address: Target.Id, state: TargetHealth?.State ?? 'unavailable' }],
      );
    },
    async register(address) {
      await calling('RegisterTargets', () => balancer.send(new RegisterTargetsCommand(at(address))));
    },
    async deregister(address) {
      await calling('DeregisterTargets', () => balancer.send(new DeregisterTargetsCommand(at(address))));
    },
  };
}
