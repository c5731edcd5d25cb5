/** The answers of PlanetScale's API, with everything that its reference promises. https://planetscale.com/docs/api/reference */
import type { Change, Changes } from './changes.ts';
import type { Parameter } from './parameters.ts';
import type { Role } from './roles.ts';

/** The place of a branch, as the addresses of the API have it. */
export interface Site {
  readonly organization: string;
  readonly database: string;
  readonly branch: string;
}

const LONG_AGO = '2026-01-01T00:00:00.000Z';
const ACTOR = { id: 'actor', avatar_url: 'https://example.com/avatar.png' };
const actor = (name: string) => ({ ...ACTOR, display_name: name });
const pageOf = (site: Site) => `https://app.planetscale.com/${site.organization}/${site.database}/${site.branch}`;

/** @param addresses from which the branch connects */
export const regionAnswer = (addresses: readonly string[]) => ({
  id: 'region',
  provider: 'AWS',
  enabled: true,
  public_ip_addresses: addresses,
  display_name: 'AWS eu-central-1',
  location: 'Frankfurt',
  slug: 'eu-central',
  current_default: false,
  mysql_supported: true,
  postgresql_supported: true,
});

export const databaseAnswer = (site: Site, addresses: readonly string[], kind: string) => ({
  id: 'database',
  url: pageOf(site),
  branches_url: pageOf(site),
  html_url: pageOf(site),
  name: site.database,
  state: 'ready',
  ready: true,
  kind,
  plan: 'scaler_pro',
  region: regionAnswer(addresses),
  default_branch: site.branch,
  ...{ branches_count: 1, development_branches_count: 0, production_branches_count: 1, open_schema_recommendations_count: 0 },
  ...{ default_branch_shard_count: 0, default_branch_read_only_regions_count: 0, default_branch_table_count: 0 },
  ...{ multiple_admins_required_for_deletion: false, deletion_protected: false, require_approval_for_deploy: false },
  ...{ at_backup_restore_branches_limit: false, at_development_branch_usage_limit: false, sharded: false },
  ...{ resizing: false, resize_queued: false, config_changing: false, config_change_queued: false, allow_data_branching: false },
  ...{ foreign_keys_enabled: false, restrict_branch_region: false, insights_raw_queries: false, insights_enabled: true },
  ...{ production_branch_web_console: false, created_at: LONG_AGO, updated_at: LONG_AGO, schema_last_updated_at: null },
});

export const branchAnswer = (
  site: Site,
  addresses: readonly string[],
  { isMetal, size, state }: { isMetal: boolean; size: string; state: string },
) => ({
  id: 'branch',
  name: site.branch,
  url: pageOf(site),
  html_url: pageOf(site),
  kind: 'postgresql',
  state,
  ready: state === 'ready',
  cluster_name: size,
  metal: isMetal,
  region: regionAnswer(addresses),
  ...{ created_at: LONG_AGO, updated_at: LONG_AGO, deleted_at: null, restore_checklist_completed_at: null, schema_last_updated_at: null },
  ...{ mysql_address: '', mysql_edge_address: '', direct_vtgate: false, vtgate_size: '', vtgate_name: null, vtgate_count: 0 },
  ...{ vtgate_autoscaling: false, vtgate_max_count: null, vtgate_target_cpu_utilization: null, vtgate_options: {} },
  ...{ cluster_iops: null, schema_ready: true, production: true, safe_migrations: false, deletion_protected: false, sharded: false },
  ...{ shard_count: 0, keyspace_count: 0, stale_schema: false, actor: null, restored_from_branch: null, parent_branch: null },
  ...{ private_edge_connectivity: true, has_replicas: true, has_read_only_replicas: false },
});

export const parameterAnswer = ({ namespace, name, type, restart, immutable, min, max, options, defaultValue, value }: Parameter) => ({
  id: `${namespace}.${name}`,
  name,
  namespace,
  display_name: name === 'logical_slots' ? 'Logical replication slots kept at a failover' : name,
  category: namespace === 'patroni' ? 'Failover' : 'Replication',
  description: `The parameter ${name}`,
  extension: false,
  immutable,
  parameter_type: type,
  default_value: defaultValue,
  value,
  required: false,
  restart,
  min: min ?? null,
  max: max ?? null,
  options: options ?? [],
  url: '',
  created_at: LONG_AGO,
  updated_at: LONG_AGO,
  actor: actor('PlanetScale'),
});

export function changeAnswer(
  change: Change,
  { isMetal, saysStorage }: Pick<Changes, 'isMetal'> & { readonly saysStorage: boolean },
  size: string,
) {
  const { storage, previousStorage, state } = change;
  const shared = (prefix: '' | 'previous_', { minimum, maximum }: Change['storage']) => ({
    [`${prefix}cluster_name`]: size,
    [`${prefix}cluster_display_name`]: size,
    [`${prefix}cluster_metal`]: isMetal,
    [`${prefix}replicas`]: 2,
    [`${prefix}minimum_storage_bytes`]: saysStorage ? minimum : null,
    [`${prefix}maximum_storage_bytes`]: saysStorage ? maximum : null,
    [`${prefix}storage_autoscaling`]: true,
    [`${prefix}storage_shrinking`]: false,
    [`${prefix}storage_type`]: 'gp3',
    [`${prefix}storage_iops`]: 3_000,
    [`${prefix}storage_throughput_mibs`]: 125,
  });
  return {
    id: change.id,
    state,
    actor: actor(change.actor),
    created_at: change.createdAt,
    updated_at: change.createdAt,
    started_at: state === 'queued' ? null : change.createdAt,
    completed_at: state === 'completed' ? change.createdAt : null,
    ...shared('', storage),
    ...shared('previous_', previousStorage),
    parameters: change.parameters,
    previous_parameters: change.previousParameters,
  };
}

/** @param password the plain one right after the role was made, and an empty text from then on */
export const roleAnswer = (
  site: Site,
  role: Role,
  { user, host, password, database }: Record<'user' | 'host' | 'password' | 'database', string>,
) => ({
  id: role.id,
  name: role.name,
  access_host_url: host,
  private_access_host_url: 'eu-central.private-pg.psdb.cloud',
  private_connection_service_name: 'com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0',
  username: user,
  base_username: role.role,
  password,
  database_name: database,
  created_at: role.createdAt,
  updated_at: role.createdAt,
  ...{ deleted_at: null, expires_at: null, dropped_at: null, disabled_at: null, drop_failed: '', ready: true, expired: false },
  default: role.isDefault,
  ttl: role.ttl,
  inherited_roles: role.inherits,
  with_replication: role.replication,
  branch: { id: 'branch', name: site.branch, created_at: LONG_AGO, updated_at: LONG_AGO, deleted_at: null },
  actor: actor('somebody'),
  query_safety_settings: { require_where_on_delete: 'false', require_where_on_update: 'false' },
});

/** One page of a list. */
export function listAnswer<Item>(items: readonly Item[], page: number, perPage: number) {
  const pages = Math.max(1, Math.ceil(items.length / perPage));
  const at = (number: number) => (number >= 1 && number <= pages ? number : null);
  const urlOf = (number: number | null) => (number === null ? null : `?page=${number}`);
  return {
    type: 'list',
    current_page: page,
    per_page: perPage,
    next_page: at(page + 1),
    next_page_url: urlOf(at(page + 1)),
    prev_page: at(page - 1),
    prev_page_url: urlOf(at(page - 1)),
    total_count: items.length,
    total_pages: pages,
    data: items.slice((page - 1) * perPage, page * perPage),
  };
}
