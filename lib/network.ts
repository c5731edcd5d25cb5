/** Network of the functions that connect to a database, and the addresses that they can reach. */
import { type ISecurityGroup, type ISubnet, type IVpc, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';

export interface NetworkProps {
  /** VPC of the cluster. */
  readonly vpc: IVpc;
  /** Subnets with a route to the cluster, and through a NAT gateway to PlanetScale and to the AWS APIs. */
  readonly subnets: readonly ISubnet[];
  /** Security group of the cluster, which gets an ingress rule for the functions. */
  readonly clusterSecurityGroup: ISecurityGroup;
  /** Port of the cluster. */
  readonly clusterPort: number;
}

const HTTPS = 443;
/** PlanetScale's port for direct connections; 6432 is its PgBouncer, through which sessions and replication do not work. */
const TARGET_PORT = 5432;

export class Network extends Construct {
  readonly vpc: IVpc;
  readonly subnets: readonly ISubnet[];
  readonly securityGroup: SecurityGroup;
  /** Security group of the cluster with the ingress rule for the functions. */
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
    this.securityGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(HTTPS), 'AWS APIs, and that of PlanetScale');
    this.securityGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(TARGET_PORT), 'PlanetScale, whose addresses are not fixed');
    if (props.clusterPort !== TARGET_PORT) {
      this.securityGroup.addEgressRule(props.clusterSecurityGroup, Port.tcp(props.clusterPort), 'Aurora cluster');
    }
    props.clusterSecurityGroup.addIngressRule(this.securityGroup, Port.tcp(props.clusterPort), 'Migration to PlanetScale');
  }
}
