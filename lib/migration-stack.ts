/** The stack, the only place that imports existing resources: VPC, cluster and secrets. It makes the missing ones, and outputs their names. */
import { Annotations, CfnOutput, Stack, type StackProps, Validations } from 'aws-cdk-lib';
import { type IVpc, SecurityGroup, Subnet, Vpc } from 'aws-cdk-lib/aws-ec2';
import { CfnDBClusterParameterGroup } from 'aws-cdk-lib/aws-rds';
import type { Construct, IConstruct } from 'constructs';
import { parameterGroupOf, securityGroupOf } from '../lambdas/config/names.ts';
import { MACHINE_NAMES } from '../lambdas/engine/machines.ts';
import type { MigrationConfig } from './config.ts';
import { Migration } from './migration.ts';
import { Monitoring } from './monitoring.ts';
import { Network } from './network.ts';
import { parameterGroupFamily, sourceParameters } from './parameter-group.ts';
import { PlanetScaleAccess } from './planetscale-access.ts';
import type { ReadableSecret, Resources, SourceCluster } from './resources.ts';
import { applicationSecrets, emptyTargetSecret, importedSecret, makeReplicationSecret, planetscaleSite } from './secrets.ts';

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
    const cluster = this.#cluster(config);
    const resources = {
      database: config.database,
      sourceSecret,
      targetSecret,
      replicationSecret,
      ...(application && { application }),
      ...(config.switchHookArn !== undefined && { switchHookArn: config.switchHookArn }),
      ...(planetscale && { planetscale }),
      cluster,
      subscriptionSslmode: config.subscriptionSslmode,
      wayBack: wayBackOf(config),
    };
    this.migration = new Migration(this, 'Migration', { network, inputDefaults: config.inputDefaults, resources });
    this.monitoring = new Monitoring(this, 'Monitoring', {
      migration: this.migration,
      network,
      resources,
      ...(config.notificationEmail !== undefined && { email: config.notificationEmail }),
    });
    for (const attached of this.#attachables(config, vpc, cluster)) {
      attached.node.addDependency(this.migration, this.monitoring, network, network.clusterSecurityGroup);
    }
    this.#outputs(targetSecret, replicationSecret);
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

  /** The cluster as the functions know it. The names of our groups that it will have are chosen here: see {@link #attachables}. */
  #cluster(config: MigrationConfig): SourceCluster {
    const arn = (type: string, name: string) =>
      this.formatArn({ service: 'rds', resource: `${type}:${name}`, resourceName: '' }).replace(/\/$/, '');
    const parameterGroup = parameterGroupOf(this.stackName, parameterGroupFamily(config.engineVersion));
    const lookedAfter = config.publicAccess || config.allowAnyAddress || config.planetscaleEgress.length > 0;
    return {
      identifier: config.clusterIdentifier,
      arn: arn('cluster', config.clusterIdentifier),
      instanceArns: config.clusterInstances.map((instance) => arn('db', instance)),
      anyInstanceArn: arn('db', '*'),
      anyParameterGroupArn: arn('cluster-pg', '*'),
      anyProxyArns: {
        proxies: arn('db-proxy', '*'),
        endpoints: arn('db-proxy-endpoint', '*'),
        targets: [arn('target-group', '*'), arn('target', '*')],
      },
      anyGlobalClusterArn: this.formatArn({ service: 'rds', region: '', resource: 'global-cluster:*', resourceName: '' }).replace(
        /\/$/,
        '',
      ),
      parameterGroup,
      parameterGroupArn: arn('cluster-pg', parameterGroup),
      ...(lookedAfter && { securityGroup: securityGroupOf(this.stackName) }),
      publicAccess: config.publicAccess ? (config.allowAnyAddress ? 'anyone' : 'listed') : 'none',
      vpcId: config.vpcId,
      vpcArn: this.formatArn({ service: 'ec2', account: '*', resource: 'vpc', resourceName: config.vpcId }),
      stack: this.stackName,
    };
  }

  /**
   * Groups that are attached to the cluster between ConfigureSource and Cleanup. AWS refuses to delete them meanwhile, and they must be the
   * first resources that a `cdk destroy` tries to delete: all machines, functions and rules still exist then, and Cleanup can be started. So
   * these depend on everything else, which knows them by names chosen beforehand; CloudFormation deletes in the reverse order. Where only
   * public access is changed, a security group without rules takes this part.
   */
  #attachables(config: MigrationConfig, vpc: IVpc, { parameterGroup, securityGroup }: SourceCluster): IConstruct[] {
    const group = new CfnDBClusterParameterGroup(this, 'ParameterGroup', {
      dbClusterParameterGroupName: parameterGroup,
      description: 'Logical replication to PlanetScale. ConfigureSource attaches it; Cleanup detaches it, before the stack goes.',
      family: parameterGroupFamily(config.engineVersion),
      parameters: sourceParameters(config.preloadPglogical),
    });
    if (securityGroup === undefined) return [group];
    if (config.planetscaleEgress.length === 0 && !config.allowAnyAddress) {
      Annotations.of(this).addWarningV2(
        'aurora-to-planetscale:nobodyLetIn',
        'publicAccess makes the cluster reachable, but planetscaleEgress names no address, so PlanetScale is let in only where a security group ' +
          'of your own does. Give planetscaleEgress the addresses of your PlanetScale database, or acknowledge this warning.',
      );
    }
    const access = new PlanetScaleAccess(this, 'PlanetScaleAccess', {
      vpc,
      clusterPort: config.clusterPort,
      addresses: config.planetscaleEgress,
      anyAddress: config.allowAnyAddress,
      name: securityGroup,
    });
    group.node.addDependency(access); // whose deletion EC2 refuses only after minutes of trying
    return [group, access];
  }

  #outputs(targetSecret: ReadableSecret, replicationSecret: ReadableSecret): void {
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
      description: 'How far, how long still, is it healthy, may I cut over',
      value: `${console}/cloudwatch/home?region=${this.region}#dashboards/dashboard/${this.monitoring.dashboard.dashboardName}`,
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
