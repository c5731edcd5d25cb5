/** The resources of a deployment on which rights are granted, and the right that one need of a step gives to its function. */
import type { Role } from 'aws-cdk-lib/aws-iam';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Environment } from '../lambdas/config/environment.ts';
import type { Cluster } from '../lambdas/ports/cluster.ts';
import type { Sslmode, WayBackSettings } from '../lambdas/ports/replication.ts';

/** The Aurora cluster, as far as IAM and the RDS API know it. */
export interface SourceCluster {
  /** DBClusterIdentifier. */
  readonly identifier: string;
  readonly arn: string;
  /** ARNs of the instances that may be changed and rebooted; patterns allowed. */
  readonly instanceArns: readonly string[];
  /** ARN that stands for every instance of the account, which the API wants for a filtered list. */
  readonly anyInstanceArn: string;
  /** ARN that stands for every cluster parameter group: the user's own is not known at deployment. */
  readonly anyParameterGroupArn: string;
  /** ARNs that stand for every RDS Proxy of the account, for their endpoints, and for their target groups. */
  readonly anyProxyArns: { readonly proxies: string; readonly endpoints: string; readonly targets: readonly string[] };
  /** ARN that stands for every global database of the account. */
  readonly anyGlobalClusterArn: string;
  /** Name of the cluster parameter group that is made for the migration. */
  readonly parameterGroup: string;
  readonly parameterGroupArn: string;
  /** The security group for PlanetScale's addresses. @default - there is none, since PlanetScale takes a way of the operator's */
  readonly access?: {
    /** Name of the group. */
    readonly securityGroup: string;
    /** Whether ConfigureSource attaches it to the cluster; else it is the load balancer's. */
    readonly isAttached: boolean;
    /** Whether addresses are let in one by one, so that those of PlanetScale's API are added at run time. */
    readonly isListed: boolean;
    /** ARN that stands for every security group: the group is known by its name and its tag alone. */
    readonly anySecurityGroupArn: string;
  };
  readonly port: number;
  readonly publicAccess: Cluster['publicAccess'];
  readonly vpcId: string;
  /** ARN of that VPC in any account: a shared one belongs to its owner's account. */
  readonly vpcArn: string;
  /** Name of the stack, under which the journal is kept. */
  readonly stack: string;
}

/** A secret, made by the stack or there already. */
export type ReadableSecret = Pick<ISecret, 'secretArn' | 'secretName' | 'encryptionKey' | 'grantRead'>;

/** Everything that some step may need. */
export interface Resources {
  /** Name of the database on the source. */
  readonly database: string;
  readonly sourceSecret: ReadableSecret;
  readonly targetSecret: ReadableSecret;
  /** Login of the replication role, whose password the stack generates. */
  readonly replicationSecret: ReadableSecret;
  /** Secret of the application's connection, and its login on the target: given in a secret, or made by the migration. @default - the operator changes the application's connection */
  readonly application?: {
    readonly secret: ReadableSecret;
    readonly login:
      | { readonly given: ReadableSecret }
      /** The password, generated, and the role for an application that logs in as the master. */
      | { readonly made: ReadableSecret; readonly role?: string };
    /** Names of the source that RDS does not know, each with or without a port. @default - none */
    readonly sourceHosts?: readonly string[];
  };
  /** ARN of the user's function that is called around a switch. @default - none */
  readonly switchHookArn?: string;
  /** The branch at PlanetScale and the token for its API. @default - what has to be done there is done by hand */
  readonly planetscale?: {
    readonly organization: string;
    readonly database: string;
    /** @default - the database's default branch */
    readonly branch?: string;
    readonly token: ReadableSecret;
    /** Which of its hosts is put into the target secret. */
    readonly connection: 'public' | 'private';
  };
  readonly cluster: SourceCluster;
  /** Name of the load balancer, to which PlanetScale connects in place of the cluster's. @default - it connects to the cluster */
  readonly entranceHost?: string;
  /** ARNs of the state machines that must not run at the same time. Texts, because the machines are built from the functions. */
  readonly actingMachineArns: readonly string[];
  /** Patterns of the ARNs of their executions. @default - none may be described */
  readonly actingExecutionArns?: readonly string[];
  /** ARNs of the functions that this one wakes before a switch that needs them. @default - none */
  readonly switchFunctionArns?: readonly string[];
  readonly subscriptionSslmode: Sslmode;
  /** Route from the source to the target for the reverse stream. @default - our own address, with the strictest mode of both ends */
  readonly wayBack?: Omit<WayBackSettings, 'knowsAuthority'>;
}

/** The right that one need gives a function. */
export interface Right {
  /** Whether the function must be in the VPC. */
  readonly network: boolean;
  environment(resources: Resources): Environment;
  grant(role: Role, resources: Resources): void;
}

/** What the needs of one function give to it together. */
export interface Reach {
  /** Whether the function must stand in the VPC. */
  readonly network: boolean;
  readonly environment: Environment;
  grant(role: Role): void;
}
