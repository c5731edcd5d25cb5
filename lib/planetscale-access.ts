/** A security group that allows PlanetScale's addresses at the cluster's port. ConfigureSource attaches it, and Cleanup detaches it. */
import { type IVpc, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
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
}

export class PlanetScaleAccess extends Construct {
  readonly securityGroup: SecurityGroup;

  constructor(scope: Construct, id: string, { vpc, clusterPort, addresses, anyAddress, name }: PlanetScaleAccessProps) {
    super(scope, id);
    this.securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      vpc,
      securityGroupName: name,
      description: 'PlanetScale to the Aurora cluster. ConfigureSource attaches it; Cleanup detaches it, before the stack goes.',
      allowAllOutbound: false,
    });
    for (const address of addresses) this.securityGroup.addIngressRule(Peer.ipv4(address), Port.tcp(clusterPort), 'PlanetScale');
    if (!anyAddress) return;
    this.securityGroup.addIngressRule(Peer.anyIpv4(), Port.tcp(clusterPort), 'Any address, as the setting allowAnyAddress says');
    allowAnyone(this.securityGroup, 'The setting allowAnyAddress asks for it in so many words; the password and TLS remain.');
  }
}
