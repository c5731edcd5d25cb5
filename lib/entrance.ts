/**
 * The way from PlanetScale to a cluster in private subnets: a load balancer in public subnets, which lets PlanetScale's addresses in and leads to
 * the writer alone. Nothing of the cluster becomes public. It passes the bytes on as they are, so TLS goes from PlanetScale to the cluster.
 */
import { Duration } from 'aws-cdk-lib';
import type { ISecurityGroup, ISubnet, IVpc, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Port } from 'aws-cdk-lib/aws-ec2';
import { NetworkLoadBalancer, NetworkTargetGroup, Protocol, TargetType } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import { allowUnlogged } from './exceptions.ts';

export interface EntranceProps {
  /** VPC of the cluster. */
  readonly vpc: IVpc;
  /** Public subnets. */
  readonly subnets: readonly ISubnet[];
  /** Security group with PlanetScale's addresses, which is the load balancer's own. */
  readonly securityGroup: SecurityGroup;
  /** Security group of the cluster, which gets a rule that lets the load balancer in. */
  readonly clusterSecurityGroup: ISecurityGroup;
  /** Port of the cluster, and of the load balancer. */
  readonly clusterPort: number;
}

/** The longest that there is. A connection that copies a table may wait for long without a byte; keepalives of both ends come on top of it. */
const IDLE = Duration.seconds(6_000);

export class Entrance extends Construct {
  /** Name to which PlanetScale connects. */
  readonly host: string;
  readonly targetGroup: NetworkTargetGroup;

  constructor(scope: Construct, id: string, props: EntranceProps) {
    super(scope, id);
    const { vpc, subnets, securityGroup, clusterSecurityGroup, clusterPort } = props;
    securityGroup.addEgressRule(clusterSecurityGroup, Port.tcp(clusterPort), 'Aurora cluster');
    clusterSecurityGroup.addIngressRule(securityGroup, Port.tcp(clusterPort), 'Load balancer of the migration to PlanetScale');
    const balancer = new NetworkLoadBalancer(this, 'LoadBalancer', {
      vpc,
      vpcSubnets: { subnets: [...subnets] },
      internetFacing: true,
      securityGroups: [securityGroup],
      crossZoneEnabled: true, // there is one writer, which a failover takes to another zone
    });
    allowUnlogged(
      balancer,
      'A network load balancer logs listeners with TLS alone, and here TLS ends at the cluster, which logs connections.',
    );
    this.host = balancer.loadBalancerDnsName;
    this.targetGroup = new NetworkTargetGroup(this, 'Writer', {
      vpc,
      targetType: TargetType.IP, // the follower registers the writer
      port: clusterPort,
      protocol: Protocol.TCP,
      preserveClientIp: false, // so that the cluster sees the load balancer, whose group it lets in
      healthCheck: {
        protocol: Protocol.TCP,
        interval: Duration.seconds(10),
        timeout: Duration.seconds(5),
        healthyThresholdCount: 2,
        unhealthyThresholdCount: 2,
      },
      // An address that is left was the writer's and may be a reader's now: no connection may go on there.
      deregistrationDelay: Duration.seconds(0),
      connectionTermination: true,
    });
    balancer.addListener('Listener', {
      port: clusterPort,
      protocol: Protocol.TCP,
      defaultTargetGroups: [this.targetGroup],
      tcpIdleTimeout: IDLE,
    });
  }
}
