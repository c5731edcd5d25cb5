/**
 * What PlanetScale's API promises of the answers that a migration reads, as JSON schemas: every field that its reference requires, each of its
 * type. https://planetscale.com/docs/api/reference
 */

type Type = 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object' | 'null';
type Schema = Readonly<Record<string, unknown>>;

const type = (...types: Type[]): Schema => ({ type: types });
const oneOf = (...values: string[]): Schema => ({ type: 'string', enum: values });
/** Of these names, all of one type. */
const all = (schema: Schema, names: string): Record<string, Schema> => Object.fromEntries(names.split(' ').map((name) => [name, schema]));
/** All of them required; more are allowed. */
const object = (properties: Readonly<Record<string, Schema>>): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
});
const arrayOf = (items: Schema): Schema => ({ type: 'array', items });
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });

const [text, flag, whole] = [type('string'), type('boolean'), type('integer')];
const [textOrNull, wholeOrNull] = [type('string', 'null'), type('integer', 'null')];
const ACTOR = object(all(text, 'id display_name avatar_url'));
const REGION = object({
  ...all(text, 'id provider display_name location slug'),
  ...all(flag, 'enabled current_default mysql_supported postgresql_supported'),
  public_ip_addresses: arrayOf(text),
});
const VALUES: Schema = { type: 'object', additionalProperties: { type: 'object', additionalProperties: text } };

const DATABASE = object({
  ...all(text, 'id url branches_url html_url name default_branch plan created_at updated_at'),
  ...all(whole, 'branches_count open_schema_recommendations_count development_branches_count production_branches_count'),
  ...all(whole, 'default_branch_shard_count default_branch_read_only_regions_count default_branch_table_count'),
  ...all(flag, 'multiple_admins_required_for_deletion ready at_backup_restore_branches_limit at_development_branch_usage_limit sharded'),
  ...all(flag, 'require_approval_for_deploy deletion_protected resizing resize_queued config_changing config_change_queued'),
  ...all(flag, 'allow_data_branching foreign_keys_enabled restrict_branch_region insights_raw_queries insights_enabled'),
  ...all(flag, 'production_branch_web_console'),
  state: oneOf('pending', 'importing', 'sleep_in_progress', 'sleeping', 'awakening', 'import_ready', 'ready'),
  kind: oneOf('mysql', 'postgresql'),
  schema_last_updated_at: textOrNull,
  region: REGION,
});

const BRANCH = object({
  ...all(text, 'id name created_at updated_at mysql_address mysql_edge_address vtgate_size cluster_name html_url url'),
  ...all(textOrNull, 'deleted_at restore_checklist_completed_at schema_last_updated_at vtgate_name parent_branch'),
  ...all(whole, 'vtgate_count shard_count keyspace_count'),
  ...all(wholeOrNull, 'vtgate_max_count vtgate_target_cpu_utilization cluster_iops'),
  ...all(flag, 'direct_vtgate vtgate_autoscaling ready schema_ready metal production safe_migrations deletion_protected sharded'),
  ...all(flag, 'stale_schema private_edge_connectivity has_replicas has_read_only_replicas'),
  kind: oneOf('mysql', 'postgresql'),
  state: oneOf('pending', 'sleep_in_progress', 'sleeping', 'awakening', 'ready'),
  actor: orNull(ACTOR),
  restored_from_branch: orNull(object(all(text, 'id name created_at updated_at'))),
  region: REGION,
  vtgate_options: type('object'),
});

const PARAMETER = object({
  ...all(text, 'id name display_name category description default_value value created_at updated_at url'),
  ...all(flag, 'extension immutable required restart'),
  ...all(type('number', 'null'), 'max min'),
  namespace: oneOf('patroni', 'pgconf', 'pgbouncer'),
  parameter_type: oneOf('array', 'boolean', 'bytes', 'float', 'integer', 'seconds', 'select', 'string', 'time'),
  options: arrayOf(text),
  actor: orNull(ACTOR),
});

/** Of the cluster with the change, or before it. */
const cluster = (prefix: '' | 'previous_') => {
  const named = (schema: Schema, names: string) =>
    all(
      schema,
      names
        .split(' ')
        .map((name) => `${prefix}${name}`)
        .join(' '),
    );
  return {
    ...named(text, 'cluster_name cluster_display_name storage_type'),
    ...named(flag, 'cluster_metal storage_autoscaling storage_shrinking'),
    ...named(whole, 'replicas storage_iops storage_throughput_mibs'),
    ...named(wholeOrNull, 'minimum_storage_bytes maximum_storage_bytes'),
    [`${prefix}parameters`]: VALUES,
  };
};

const CHANGE = object({
  ...all(text, 'id created_at updated_at'),
  ...all(textOrNull, 'started_at completed_at'),
  state: oneOf('queued', 'pending', 'resizing', 'canceled', 'completed'),
  actor: ACTOR,
  ...cluster(''),
  ...cluster('previous_'),
});

const ROLE = object({
  ...all(text, 'id name access_host_url private_access_host_url private_connection_service_name username base_username password'),
  ...all(text, 'database_name created_at updated_at drop_failed'),
  ...all(textOrNull, 'deleted_at expires_at dropped_at disabled_at'),
  ...all(flag, 'ready expired default with_replication'),
  ttl: whole,
  inherited_roles: arrayOf(text),
  branch: object({ ...all(text, 'id name created_at updated_at'), deleted_at: textOrNull }),
  actor: orNull(ACTOR),
  query_safety_settings: object(all(oneOf('false', 'warn', 'true'), 'require_where_on_delete require_where_on_update')),
});

const listOf = (items: Schema, more: Readonly<Record<string, Schema>> = {}): Schema =>
  object({
    type: oneOf('list'),
    ...all(whole, 'current_page per_page'),
    ...all(wholeOrNull, 'next_page prev_page'),
    ...all(textOrNull, 'next_page_url prev_page_url'),
    ...more,
    data: arrayOf(items),
  });

/** Of the answers with a body, by method and path below the database. */
export const ANSWERS = {
  'GET ': DATABASE,
  'GET /branches/main': BRANCH,
  'GET /branches/main/parameters': arrayOf(PARAMETER),
  'GET /branches/main/changes': listOf(CHANGE),
  'GET /branches/main/changes/:id': CHANGE,
  'PATCH /branches/main/changes': CHANGE,
  'GET /branches/main/roles': listOf(ROLE, all(whole, 'total_count total_pages')),
  'GET /branches/main/roles/default': ROLE,
  'GET /branches/main/roles/:id': ROLE,
  'POST /branches/main/roles': ROLE,
} as const satisfies Readonly<Record<string, Schema>>;
