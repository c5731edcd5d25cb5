/** Where the functions that speak to a database stand, and what they can reach from there. */
import { type ISecurityGroup, type ISubnet, type IVpc, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';

export interface NetworkProps {
  /** VPC of the cluster. */
  readonly vpc: IVpc;
  /** Subnets that lead to the cluster, and through a NAT gateway to PlanetScale and to the AWS APIs. */
  readonly subnets: readonly ISubnet[];
  /** Security group of the cluster, which gets a rule that lets the functions in. */
  readonly clusterSecurityGroup: ISecurityGroup;
  /** Port of the cluster. */
  readonly clusterPort: number;
}

const HTTPS = 443;
/** PlanetScale's port for direct connections; 6432 is its PgBouncer, through which nothing here works. */
const TARGET_PORT = 5432;

export class Network extends Construct {
  readonly vpc: IVpc;
  readonly subnets: readonly ISubnet[];
  readonly securityGroup: SecurityGroup;
  /** Holds the rule that lets the functions in, which belongs to no construct of ours. */
  readonly clusterSecurityGroup: ISecurityGroup;

  constructor(scope: Construct, id: string, props: NetworkProps) {
    super(scope, id);
    this.vpc = props.vpc;
    this.subnets = props.subnets;
    this.clusterSecurityGroup = props.clusterSecurityGroup;
    this.securityGroup = new SecurityGroup(this, 'Functions', {
      vpc: props.vpc,
      description: 'Functions of the migration to PlanetScale',
      allowAllOutbound: false,
    });
    this.securityGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(HTTPS), 'AWS APIs');
    this.securityGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(TARGET_PORT), 'PlanetScale, whose addresses are not fixed');
    if (props.clusterPort !== TARGET_PORT) {
      this.securityGroup.addEgressRule(props.clusterSecurityGroup, Port.tcp(props.clusterPort), 'Aurora cluster');
    }
    props.clusterSecurityGroup.addIngressRule(this.securityGroup, Port.tcp(props.clusterPort), 'Migration to PlanetScale');
  }
}
