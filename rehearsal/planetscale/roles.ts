/** Roles of a stand-in's branch, really made and dropped on the server as the dashboard does it. https://planetscale.com/docs/postgres/connecting/roles */
import { randomBytes } from 'node:crypto';
import { identifier, literal } from '../../lambdas/postgres/quote.ts';
import type { Edge } from '../servers/front/edge.ts';
import { TARGET_ROLES } from '../servers/planetscale-roles.ts';
import type { Server } from '../servers/server.ts';
import { Refused } from './changes.ts';
import { platformSql } from './sql.ts';

/** One that the API has made. */
export interface Role {
  readonly id: string;
  readonly name: string;
  /** As the server knows it. */
  readonly role: string;
  readonly inherits: readonly string[];
  readonly replication: boolean;
  readonly ttl: number;
  readonly isDefault: boolean;
  readonly createdAt: string;
}

/** What a request asks for. */
export interface WantedRole {
  readonly name?: string;
  readonly ttl?: number;
  readonly inherited_roles?: readonly string[];
  readonly with_replication?: boolean;
}

/** The roles that may be inherited. */
const INHERITABLE = [
  ...[
    'pg_checkpoint',
    'pg_create_subscription',
    'pg_maintain',
    'pg_monitor',
    'pg_read_all_data',
    'pg_read_all_settings',
    'pg_read_all_stats',
  ],
  ...['pg_signal_backend', 'pg_stat_scan_tables', 'pg_use_reserved_connections', 'pg_write_all_data', 'postgres'],
];

export class Roles {
  readonly list: Role[] = [];
  readonly #server: Server;
  readonly #edge: Edge;

  constructor(server: Server, edge: Edge) {
    this.#server = server;
    this.#edge = edge;
  }

  get standard(): Role {
    const role = TARGET_ROLES.default;
    return {
      id: 'default',
      name: role,
      role,
      inherits: [],
      replication: true,
      ttl: 0,
      isDefault: true,
      createdAt: new Date(0).toISOString(),
    };
  }

  /** With the branch, as it logs in. */
  userOf({ role }: Role): string {
    return `${role}.${this.#edge.branch}`;
  }

  /** @returns the role, and its password, which is told once @throws Refused */
  async create({ name, ttl = 0, inherited_roles: inherits = [], with_replication: replication = false }: WantedRole) {
    const unknown = inherits.filter((one) => !INHERITABLE.includes(one));
    if (unknown.length > 0) throw new Refused(`unknown inherited roles ${unknown.join(', ')}`);
    const role: Role = {
      id: randomBytes(6).toString('hex'),
      name: name ?? 'unnamed',
      role: `pscale_api_${randomBytes(8).toString('hex').slice(0, 12)}`,
      inherits,
      replication,
      ttl,
      isDefault: false,
      createdAt: new Date().toISOString(),
    };
    const password = `pscale_pw_${randomBytes(24).toString('base64url')}`;
    const sql = platformSql(this.#server);
    const attributes = `nosuperuser nocreatedb nocreaterole inherit login nobypassrls ${replication ? 'replication' : 'noreplication'}`;
    await sql(`create role ${identifier(role.role)} ${attributes} password ${literal(password)}`);
    if (inherits.length > 0) await sql(`grant ${inherits.map(identifier).join(', ')} to ${identifier(role.role)}`);
    this.list.push(role);
    return { role, password };
  }

  /** @param successor its id, or its name with or without the branch @throws Refused where it owns something and nobody is to get it */
  async drop(id: string, successor: string | undefined): Promise<boolean> {
    const role = this.list.find((known) => known.id === id);
    if (!role) return false;
    const heir = successor === undefined ? undefined : this.#roleNamed(successor);
    if (successor !== undefined && heir === undefined) throw new Refused(`successor ${successor} does not exist`);
    const databases = await platformSql(this.#server)('select datname as name from pg_database where datallowconn');
    for (const { name } of databases) {
      const sql = platformSql(this.#server, String(name));
      if (heir !== undefined)
        await sql(`reassign owned by ${identifier(role.role)} to ${identifier(heir)}; drop owned by ${identifier(role.role)}`);
    }
    try {
      await platformSql(this.#server)(`drop role ${identifier(role.role)}`);
    } catch (error) {
      throw new Refused(`role cannot be dropped: ${(error as Error).message}`);
    }
    this.list.splice(this.list.indexOf(role), 1);
    return true;
  }

  #roleNamed(text: string): string | undefined {
    const found = [...this.list, this.standard].find((known) => [known.id, known.role, this.userOf(known)].includes(text));
    return found?.role;
  }
}
