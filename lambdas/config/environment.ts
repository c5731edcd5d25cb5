/** Names of the environment variables of the functions. The stack sets each only where a need requires it. */
export const VARIABLE = {
  /** Name of the step, a key of the registry. */
  step: 'STEP',
  /** JSON: the deployment's own defaults of the execution input. */
  inputDefaults: 'INPUT_DEFAULTS',
  /** Name of the database on the source. */
  database: 'DATABASE',
  sourceSecret: 'SOURCE_SECRET_ARN',
  /** File with the authorities that sign the source's certificate, in PEM. */
  sourceAuthorities: 'SOURCE_AUTHORITIES_FILE',
  targetSecret: 'TARGET_SECRET_ARN',
  replicationSecret: 'REPLICATION_SECRET_ARN',
  /** Secret from which the application reads its connection. */
  applicationSecret: 'APPLICATION_SECRET_ARN',
  /** Secret with the application's login at the target, where one is given. */
  applicationTargetSecret: 'APPLICATION_TARGET_SECRET_ARN',
  /** Secret with the password of the login that the migration makes for the application at the target, where none is given. */
  applicationLogin: 'APPLICATION_LOGIN_SECRET_ARN',
  /** Name of the role that is made for an application that logs in as the master. */
  applicationRole: 'APPLICATION_ROLE',
  /** Names under which the application knows the source beside those of RDS, each with or without a port, separated by commas. */
  applicationSourceHosts: 'APPLICATION_SOURCE_HOSTS',
  /** Function of the user's that is called around a switch. */
  switchHook: 'SWITCH_HOOK_ARN',
  /** libpq's sslmode of the subscription. */
  subscriptionSslmode: 'SUBSCRIPTION_SSLMODE',
  /** libpq's sslmode of the stream back, and the target's address as the source reaches it. */
  reverseSslmode: 'REVERSE_SSLMODE',
  reverseHost: 'REVERSE_HOST',
  reversePort: 'REVERSE_PORT',
  /** Organization, database and branch at PlanetScale, and the secret with the service token. Without a branch, the database's default one. */
  planetscaleOrganization: 'PLANETSCALE_ORGANIZATION',
  planetscaleDatabase: 'PLANETSCALE_DATABASE',
  planetscaleBranch: 'PLANETSCALE_BRANCH',
  planetscaleToken: 'PLANETSCALE_TOKEN_SECRET_ARN',
  /** Base of PlanetScale's API where it is not the public one: the stack never sets it. */
  planetscaleApi: 'PLANETSCALE_API_URL',
  /** `public` or `private`: which of PlanetScale's hosts is put into the target secret. */
  targetHost: 'TARGET_HOST',
  /** Host under which PlanetScale reaches the source, where it is not the source's own: that of the load balancer. */
  entranceHost: 'ENTRANCE_HOST',
  /** Target group of the load balancer, which follows the writer. */
  targetGroup: 'TARGET_GROUP_ARN',
  clusterIdentifier: 'CLUSTER_IDENTIFIER',
  clusterPort: 'CLUSTER_PORT',
  /** Name of the cluster parameter group that the stack made. */
  parameterGroup: 'PARAMETER_GROUP',
  /** Name of the security group for PlanetScale's addresses, where it is to be attached to the cluster. */
  securityGroup: 'SECURITY_GROUP',
  /** Name of the security group whose rules for PlanetScale's addresses are made at run time: the same, or that of the load balancer. */
  addressGroup: 'ADDRESS_GROUP',
  /** VPC of the cluster. */
  vpc: 'VPC_ID',
  /** `none`, `listed` or `anyone`; see `Cluster` in the contract. */
  publicAccess: 'PUBLIC_ACCESS',
  /** Name of the stack, under which the cluster's journal is kept; metrics and notices tell migrations apart by it. */
  stack: 'STACK_NAME',
  /** ARNs of the state machines that act on the database, separated by commas. */
  actingMachines: 'ACTING_MACHINE_ARNS',
  /** ARNs of the functions that a check wakes before a switch, separated by commas. */
  switchFunctions: 'SWITCH_FUNCTION_ARNS',
  /** ARNs of the state machines that a report tells of, separated by commas. */
  toldMachines: 'TOLD_MACHINE_ARNS',
  /** Name of the bucket that keeps reports, and where a person finds the newest. */
  reports: 'REPORT_BUCKET',
  reportPage: 'REPORT_PAGE',
  /** Topic that notices go to. */
  topic: 'TOPIC_ARN',
} as const;

/** The environment of a function, by the names above. */
export type Environment = Readonly<Partial<Record<(typeof VARIABLE)[keyof typeof VARIABLE], string>>>;
