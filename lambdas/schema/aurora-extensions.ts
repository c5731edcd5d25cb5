/**
 * Extensions that serve Aurora or RDS itself, or that managed targets seldom offer. One that the target does not offer stays behind as
 * long as no object of the user depends on it; with dependants it is a blocker (CheckReadiness). One that the target does offer, such as
 * hll, is copied like any other. Extensions that are in this list never fail a migration merely by being installed.
 * https://docs.aws.amazon.com/AmazonRDS/latest/AuroraPostgreSQLReleaseNotes/AuroraPostgreSQL.Extensions.html
 */
export const STAY_BEHIND: readonly string[] = [
  'apg_plan_mgmt',
  'aws_commons',
  'aws_lambda',
  'aws_ml',
  'aws_s3',
  'hll',
  'orafce',
  'pg_repack',
  'pgaudit',
  'pglogical',
  'plv8',
  'rds_tools',
];
