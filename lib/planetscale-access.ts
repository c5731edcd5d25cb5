/**
 * A security group that allows PlanetScale's addresses at the cluster's port: those of the settings here, those that PlanetScale's API names by
 * ConfigureSource at run time. ConfigureSource attaches it to the cluster, and Cleanup detaches it; or it is the load balancer's.
 */
import { Tags } from 'aws-cdk-lib';
import { type IVpc, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { STACK_TAG } from '../lambdas/config/names.ts';
import { allowAnyone } from './exceptions.ts';

export interface PlanetScaleAccessProps {
  /** VPC of the cluster. */
  readonly vpc: IVpc;
  /** Port of the cluster. */
  readonly clusterPort: number;
  /** Addresses from which PlanetScale connects, in CIDR notation. */
  readonly addresses: readonly string[];
  /** Whether every address of the internet is allowed. */
  readonly anyAddress: boolean;
  /** Name by which the functions find the group: see `MigrationStack` for why they do not know its id. */
  readonly name: string;
  /** What carries it. */
  readonly of: 'cluster' | 'load balancer';
  /** Name of the stack, by which IAM tells its group from others. */
  readonly stack: string;
}

const DESCRIPTIONS = {
  cluster: 'PlanetScale to the Aurora cluster. ConfigureSource attaches it; Cleanup detaches it, before the stack goes.',
  'load balancer': 'PlanetScale to the load balancer before the Aurora cluster',
} as const;

export class PlanetScaleAccess extends Construct {
  readonly securityGroup: SecurityGroup;

  constructor(scope: Construct, id: string, { vpc, clusterPort, addresses, anyAddress, name, of, stack }: PlanetScaleAccessProps) {
    super(scope, id);
    this.securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      vpc,
      securityGroupName: name,
      description: DESCRIPTIONS[of],
      allowAllOutbound: false,
    });
    Tags.of(this.securityGroup).add(STACK_TAG, stack);
    for (const address of addresses) this.securityGroup.addIngressRule(Peer.ipv4(address), Port.tcp(clusterPort), 'PlanetScale');
    if (!anyAddress) return;
    this.securityGroup.addIngressRule(Peer.anyIpv4(), Port.tcp(clusterPort), 'Any address, as the setting allowAnyAddress says');
    allowAnyone(this.securityGroup, 'The setting allowAnyAddress asks for it in so many words; the password and TLS remain.');
  }
}
