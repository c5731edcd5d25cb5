/** The stack, the only place that imports existing resources: VPC, cluster and secrets. It makes the missing ones, and outputs their names. */
import { CfnOutput, Stack, type StackProps, Validations } from 'aws-cdk-lib';
import { type IVpc, SecurityGroup, Subnet, Vpc } from 'aws-cdk-lib/aws-ec2';
import { CfnDBClusterParameterGroup } from 'aws-cdk-lib/aws-rds';
import type { Construct, IConstruct } from 'constructs';
import { entranceGroupOf } from '../lambdas/config/names.ts';
import { MACHINE_NAMES } from '../lambdas/engine/machines.ts';
import { warnAboutAccess } from './access-warnings.ts';
import type { MigrationConfig } from './config.ts';
import { Entrance } from './entrance.ts';
import { Follower } from './follower.ts';
import { Migration } from './migration.ts';
import { Monitoring } from './monitoring.ts';
import { Network } from './network.ts';
import { parameterGroupFamily, sourceParameters } from './parameter-group.ts';
import { PlanetScaleAccess } from './planetscale-access.ts';
import { ReportBucket } from './report-bucket.ts';
import { ReportWriter } from './report-writer.ts';
import type { ReadableSecret, Resources, SourceCluster } from './resources.ts';
import { applicationSecrets, emptyTargetSecret, importedSecret, makeReplicationSecret, planetscaleSite } from './secrets.ts';
import { sourceCluster } from './source-cluster.ts';

export interface MigrationStackProps extends StackProps {
  readonly config: MigrationConfig;
}

export class MigrationStack extends Stack {
  readonly migration: Migration;
  readonly monitoring: Monitoring;

  constructor(scope: Construct, id: string, { config, ...props }: MigrationStackProps) {
    super(scope, id, {
      description: `Migration of ${config.database} on ${config.clusterIdentifier} from Aurora to PlanetScale`,
      env: homeOf(config),
      ...props,
    });
    const sourceSecret = importedSecret(this, 'SourceSecret', config.sourceSecretArn, config.sourceSecretKeyArn);
    const targetSecret =
      config.targetSecretArn === undefined
        ? emptyTargetSecret(this)
        : importedSecret(this, 'TargetSecret', config.targetSecretArn, config.targetSecretKeyArn);
    const replicationSecret = makeReplicationSecret(this);
    const application = applicationSecrets(this, config);
    const planetscale = planetscaleSite(this, config);
    const vpc = this.#vpc(config);
    const network = this.#network(config, vpc);
    const cluster = sourceCluster(this, config);
    const entrance = this.#entrance(config, vpc, network);
    const resources = {
      database: config.database,
      sourceSecret,
      targetSecret,
      replicationSecret,
      ...(application && { application }),
      ...(config.switchHookArn !== undefined && { switchHookArn: config.switchHookArn }),
      ...(planetscale && { planetscale }),
      cluster,
      ...(entrance && { entranceHost: entrance.host }),
      subscriptionSslmode: config.subscriptionSslmode,
      wayBack: wayBackOf(config),
    };
    const reports = new ReportBucket(this, 'ReportBucket', { days: config.reportDays, keep: config.keepReports });
    this.migration = new Migration(this, 'Migration', {
      network,
      inputDefaults: config.inputDefaults,
      resources,
      reportPage: reports.page,
    });
    const { code } = this.migration;
    const follower = entrance && new Follower(this, 'Follower', { entrance, cluster, code, network });
    this.monitoring = new Monitoring(this, 'Monitoring', {
      migration: this.migration,
      network,
      resources,
      reportPage: reports.page,
      ...(entrance && follower && { entrance: { targetGroup: entrance.targetGroup, follower: follower.function } }),
      ...(config.notificationEmail !== undefined && { email: config.notificationEmail }),
    });
    const writer = new ReportWriter(this, 'Report', { migration: this.migration, bucket: reports, resources });
    writer.node.addDependency(reports); // so that nothing empties the bucket before the cluster lets go of what follows
    for (const attached of this.#attachables(config, vpc, cluster)) {
      attached.node.addDependency(
        this.migration,
        this.monitoring,
        writer,
        network,
        network.clusterSecurityGroup,
        ...(follower && entrance ? [follower, entrance] : []),
      );
    }
    warnAboutAccess(this, config);
    this.#outputs(targetSecret, replicationSecret, reports.page);
    if (entrance) {
      new CfnOutput(this, 'EntranceHost', {
        description: 'Name of the load balancer, to which PlanetScale connects',
        value: entrance.host,
      });
    }
  }

  /** Subnets are given one by one, so the VPC's own list of them is not used; a zone is set because the type requires one. */
  #vpc({ vpcId }: MigrationConfig): IVpc {
    return Vpc.fromVpcAttributes(this, 'Vpc', { vpcId, availabilityZones: ['any'] });
  }

  #network(config: MigrationConfig, vpc: IVpc): Network {
    Validations.of(this).acknowledge({
      id: 'Annotation::@aws-cdk/aws-ec2:noSubnetRouteTableId',
      reason: 'Functions are placed into the subnets; their routes are not used.',
    });
    return new Network(this, 'Network', {
      vpc,
      subnets: config.subnetIds.map((subnetId) => Subnet.fromSubnetId(this, subnetId, subnetId)),
      clusterSecurityGroup: SecurityGroup.fromSecurityGroupId(this, 'ClusterSecurityGroup', config.clusterSecurityGroupId),
      clusterPort: config.clusterPort,
    });
  }

  /**
   * Groups that are attached to the cluster between ConfigureSource and Cleanup. AWS refuses to delete them meanwhile, and they must be the
   * first resources that a `cdk destroy` tries to delete: all machines, functions and rules still exist then, and Cleanup can be started. So
   * these depend on everything else, which knows them by names chosen beforehand; CloudFormation deletes in the reverse order. Where only
   * public access is changed, a security group without rules takes this part. The load balancer's group is never attached to the cluster.
   */
  #attachables(config: MigrationConfig, vpc: IVpc, { parameterGroup, access }: SourceCluster): IConstruct[] {
    const group = new CfnDBClusterParameterGroup(this, 'ParameterGroup', {
      dbClusterParameterGroupName: parameterGroup,
      description: 'Logical replication to PlanetScale. ConfigureSource attaches it; Cleanup detaches it, before the stack goes.',
      family: parameterGroupFamily(config.engineVersion),
      parameters: sourceParameters(config.preloadPglogical),
    });
    if (!access?.isAttached) return [group];
    const attached = new PlanetScaleAccess(this, 'PlanetScaleAccess', {
      ...lettingIn(config),
      vpc,
      name: access.securityGroup,
      of: 'cluster',
      stack: this.stackName,
    });
    group.node.addDependency(attached); // whose deletion EC2 refuses only after minutes of trying
    return [group, attached];
  }

  #entrance(config: MigrationConfig, vpc: IVpc, { clusterSecurityGroup }: Network): Entrance | undefined {
    const { publicSubnetIds = [], clusterPort } = config;
    if (config.access !== 'load-balancer') return undefined;
    const { securityGroup } = new PlanetScaleAccess(this, 'EntranceAccess', {
      ...lettingIn(config),
      vpc,
      name: entranceGroupOf(this.stackName),
      of: 'load balancer',
      stack: this.stackName,
    });
    const subnets = publicSubnetIds.map((id) => Subnet.fromSubnetId(this, id, id));
    return new Entrance(this, 'Entrance', { vpc, subnets, securityGroup, clusterSecurityGroup, clusterPort });
  }

  #outputs(targetSecret: ReadableSecret, replicationSecret: ReadableSecret, reportPage: string): void {
    const console = `https://${this.region}.console.aws.amazon.com`;
    for (const name of MACHINE_NAMES) {
      new CfnOutput(this, `${name}Console`, {
        description: `State machine ${name}: start it here and watch it`,
        value: `${console}/states/home?region=${this.region}#/statemachines/view/${this.migration.machines[name].stateMachineArn}`,
      });
    }
    new CfnOutput(this, 'BeforeDestroy', {
      description: 'What to do before cdk destroy, which AWS refuses until then without harm',
      value: `Start ${this.migration.machines.Cleanup.stateMachineName} and let it end: until then the cluster carries what this stack made.`,
    });
    new CfnOutput(this, 'DashboardConsole', {
      description: 'How far, how long still, is it healthy, may I switch',
      value: `${console}/cloudwatch/home?region=${this.region}#dashboards/dashboard/${this.monitoring.dashboard.dashboardName}`,
    });
    new CfnOutput(this, 'ReportConsole', {
      description: 'The report of the newest migration: there once an execution has ended',
      value: reportPage,
    });
    new CfnOutput(this, 'NotificationTopicArn', {
      description: 'Topic of alarms and notices, to subscribe to',
      value: this.monitoring.topic.topicArn,
    });
    new CfnOutput(this, 'TargetSecretName', {
      description: 'Secret with the login of PlanetScale; fill it in',
      value: targetSecret.secretName,
    });
    new CfnOutput(this, 'ReplicationSecretName', {
      description: 'Secret of which the passwords of the replication role are made; generated',
      value: replicationSecret.secretName,
    });
  }
}

const lettingIn = ({ clusterPort, planetscaleEgress, allowAnyAddress }: MigrationConfig) => ({
  clusterPort,
  addresses: planetscaleEgress,
  anyAddress: allowAnyAddress,
});

/** Account and region of the source's secret, which are the cluster's: a deployment cannot go to another one. */
function homeOf(config: MigrationConfig): { account: string; region: string } {
  const [, , , region = '', account = ''] = config.sourceSecretArn.split(':');
  return { account, region };
}

function wayBackOf({ reverseHost, reversePort, reverseSslmode }: MigrationConfig): NonNullable<Resources['wayBack']> {
  return {
    ...(reverseHost !== undefined && { host: reverseHost }),
    ...(reversePort !== undefined && { port: reversePort }),
    ...(reverseSslmode !== undefined && { sslmode: reverseSslmode }),
  };
}
