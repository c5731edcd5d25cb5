/**
 * The roles of a PlanetScale branch: its default role, which is no superuser, and one that was made in the dashboard. What they may not
 * do there, a test must not be able to do either. https://planetscale.com/docs/postgres/connecting/roles
 */
import { literal } from '../../lambdas/postgres/quote.ts';

/** The default role, which owns the databases, and one as guide A1 asks for. */
export const TARGET_ROLES = { default: 'postgres', member: 'pscale_api_x4k2m9q7zt1d' } as const;
/** The role that the migration logs in as at the target. */
export type TargetLogin = keyof typeof TARGET_ROLES;
export const DEFAULT_TARGET_LOGIN: TargetLogin = 'member';

const DEFAULT_ROLE_IS = 'nosuperuser createdb createrole inherit login replication bypassrls';
const DEFAULT_ROLE_MAY_PASS_ON = [
  ...['pg_read_all_data', 'pg_write_all_data', 'pg_read_all_settings', 'pg_read_all_stats', 'pg_stat_scan_tables', 'pg_monitor'],
  ...['pg_signal_backend', 'pg_checkpoint', 'pg_maintain', 'pg_use_reserved_connections', 'pg_create_subscription'],
];
/** Guide A, step 1. Attributes are not inherited, so a role that was made so has none, whatever it is a member of. */
const MEMBER_OF = [TARGET_ROLES.default, 'pg_read_all_data', 'pg_write_all_data', 'pg_create_subscription'];
const MEMBER_IS = 'nosuperuser nocreatedb nocreaterole inherit login noreplication nobypassrls';

/**
 * Makes the default role, and the other one where it is to log in: a role that inherits `postgres` keeps CONNECT where a fence spares the
 * default role itself. @param password of both
 */
export const targetRoles = (login: TargetLogin, password: string): string[] => [
  `create role ${TARGET_ROLES.default} ${DEFAULT_ROLE_IS} password ${literal(password)}`,
  `grant ${DEFAULT_ROLE_MAY_PASS_ON.join(', ')} to ${TARGET_ROLES.default} with admin option`,
  ...(login === 'member'
    ? [
        `create role ${TARGET_ROLES.member} ${MEMBER_IS} password ${literal(password)}`,
        `grant ${MEMBER_OF.join(', ')} to ${TARGET_ROLES.member}`,
      ]
    : []),
];
