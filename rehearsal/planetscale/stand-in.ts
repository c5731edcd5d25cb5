/**
 * A stand-in of PlanetScale's API over an embedded target: the same paths and answers over HTTP, with state. Roles are really made on the server,
 * parameters are really set, and a restart really is a switchover through the edge. It listens on 127.0.0.1 alone.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { PlanetScaleToken } from '../../lambdas/config/secrets.ts';
import type { ServerCertificate } from '../servers/certificates.ts';
import type { Edge } from '../servers/front/edge.ts';
import type { Server } from '../servers/server.ts';
import { branchAnswer, changeAnswer, databaseAnswer, listAnswer, parameterAnswer, regionAnswer, roleAnswer, type Site } from './answers.ts';
import { Changes, type ClusterOptions, Refused, type Wanted } from './changes.ts';
import { parametersOf } from './parameters.ts';
import { type Role, Roles, type WantedRole } from './roles.ts';
import { platformSql } from './sql.ts';

/** Accesses of a service token, each of which allows some of the calls. */
export const ACCESSES = [
  ...['read_organization', 'read_database', 'read_branch', 'write_database'],
  ...['create_branch_password', 'create_production_branch_password', 'delete_branch_password', 'delete_production_branch_password'],
] as const;
export type Access = (typeof ACCESSES)[number];

export interface StandInOptions extends ClusterOptions {
  readonly site?: Site;
  /** Database of the roles that it makes. @default postgres */
  readonly databaseName?: string;
  /** Addresses from which the branch connects. */
  readonly addresses?: readonly string[];
  /** Of the token. @default - all */
  readonly accesses?: readonly Access[];
  /** For HTTPS. @default - HTTP, which never leaves the machine */
  readonly certificate?: ServerCertificate;
}

const SITE: Site = { organization: 'corner-shop', database: 'shop', branch: 'main' };
const ADDRESSES = ['198.51.100.7', '198.51.100.8'];

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}
type Route = (call: { readonly id: string; readonly query: URLSearchParams; readonly body: unknown }) => Promise<Answer> | Answer;

/** A failure in store for the next calls of a kind. */
interface Mishap {
  /** Such as `POST /roles`; every call whose method and path hold it. */
  readonly call: RegExp;
  times: number;
  readonly kind: 'lost answer' | { readonly status: number; readonly headers?: Readonly<Record<string, string>> };
}

export class PlanetScaleStandIn {
  readonly site: Site;
  readonly token: PlanetScaleToken = { id: randomBytes(6).toString('hex'), token: `pscale_tkn_${randomBytes(24).toString('base64url')}` };
  readonly changes: Changes;
  readonly roles: Roles;
  /** Calls so far, such as `GET /branches/main/changes`. */
  readonly calls: string[] = [];
  /** State of the branch. */
  state = 'ready';
  kind = 'postgresql';
  /** Whether changes say how large the disk is. */
  saysStorage = true;
  accesses: readonly Access[];
  addresses: readonly string[];
  readonly #mishaps: Mishap[] = [];
  readonly #edge: Edge;
  readonly #database: string;
  readonly #scheme: string;
  readonly #listener: ReturnType<typeof createServer>;

  private constructor(edge: Edge, changes: Changes, roles: Roles, options: StandInOptions) {
    this.site = options.site ?? SITE;
    this.changes = changes;
    this.roles = roles;
    this.accesses = options.accesses ?? ACCESSES;
    this.addresses = options.addresses ?? ADDRESSES;
    this.#edge = edge;
    this.#database = options.databaseName ?? 'postgres';
    const serve = (request: IncomingMessage, response: ServerResponse) => void this.#serve(request, response);
    const { certificate } = options;
    this.#scheme = certificate ? 'https' : 'http';
    this.#listener = certificate ? createTlsServer({ cert: certificate.certificate, key: certificate.key }, serve) : createServer(serve);
  }

  /** On a free port. It goes with the process, or with {@link destroy}. */
  static async start(server: Server, edge: Edge, options: StandInOptions = {}): Promise<PlanetScaleStandIn> {
    const changes = new Changes(server, edge, await parametersOf(platformSql(server)), options);
    const standIn = new PlanetScaleStandIn(edge, changes, new Roles(server, edge), options);
    standIn.#listener.listen(0, '127.0.0.1');
    await once(standIn.#listener, 'listening');
    standIn.#listener.unref();
    return standIn;
  }

  /** Base of its addresses. */
  get url(): string {
    return `${this.#scheme}://127.0.0.1:${(this.#listener.address() as AddressInfo).port}/v1`;
  }

  /** The next calls go wrong. @param call tried on method and path, such as `POST /branches/main/roles` */
  letGoWrong(call: RegExp, kind: Mishap['kind'], times = 1): void {
    this.#mishaps.push({ call, kind, times });
  }

  /** A change that somebody else asks for, by the dashboard. */
  changeByOthers(wanted: Wanted): void {
    this.changes.upsert(wanted, 'a colleague');
  }

  /** Accepts no more calls. Safe to call twice. */
  destroy(): void {
    this.#listener.close();
    this.#listener.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET' } = request;
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const path = decodeURI(url.pathname)
      .replace(/^\/v1/, '')
      .replace(`/organizations/${this.site.organization}/databases/${this.site.database}`, '');
    const call = `${method} ${path || '/'}`;
    this.calls.push(call);
    const mishap = this.#mishaps.find((one) => one.times > 0 && one.call.test(call));
    if (mishap) mishap.times -= 1;
    if (mishap && mishap.kind !== 'lost answer')
      return answer(response, { body: { code: 'mishap', message: 'It went wrong.' }, ...mishap.kind });
    try {
      const body = await bodyOf(request);
      const found = await this.#answerTo(request, method, path, url.searchParams, body);
      if (mishap) return void request.socket.destroy();
      answer(response, found);
    } catch (error) {
      if (error instanceof Refused) return answer(response, { status: 422, body: { code: 'unprocessable', message: error.message } });
      answer(response, { status: 500, body: { code: 'internal', message: String(error) } });
    }
  }

  async #answerTo(request: IncomingMessage, method: string, path: string, query: URLSearchParams, body: unknown): Promise<Answer> {
    if (method === 'GET' && path === '/regions') return page([regionAnswer(this.addresses)], query);
    const { id, token } = this.token;
    if (request.headers.authorization !== `${id}:${token}`) return refused(401, 'unauthorized', 'Unauthorized');
    const branch = `/branches/${this.site.branch}`;
    const [, below = '', last = ''] = path.startsWith(branch) ? (/^(\/[a-z]+|)(?:\/([^/]+))?$/.exec(path.slice(branch.length)) ?? []) : [];
    const name = `${method} ${path === '' ? 'database' : path.startsWith(branch) ? `branch${below}${last === '' || last === 'default' ? last && '/default' : '/:id'}` : path}`;
    const [accesses, route] = this.#routes()[name] ?? [];
    if (!accesses || !route) return refused(404, 'not_found', 'Not Found');
    if (!accesses.some((access) => this.accesses.includes(access))) return refused(403, 'forbidden', 'Forbidden');
    return route({ id: last, query, body });
  }

  #routes(): Readonly<Record<string, readonly [accesses: readonly Access[], route: Route]>> {
    const { site, changes, roles, addresses, state } = this;
    const size = changes.isMetal ? 'M_160' : 'PS_20';
    const shown = (change: Changes['list'][number]) =>
      changeAnswer(change, { isMetal: changes.isMetal, saysStorage: this.saysStorage }, size);
    const told = (role: Role, password = '') =>
      roleAnswer(site, role, { user: roles.userOf(role), host: `127.0.0.1:${this.#edge.port}`, password, database: this.#database });
    const looking = () => changes.look();
    return {
      'GET database': [['read_database', 'read_branch', 'write_database'], () => ok(databaseAnswer(site, addresses, this.kind))],
      'GET branch': [['read_branch'], () => ok(branchAnswer(site, addresses, { isMetal: changes.isMetal, size, state }))],
      'GET branch/parameters': [['read_branch'], () => ok(changes.parameters.map(parameterAnswer))],
      'GET branch/changes': [
        ['read_branch'],
        ({ query }) => {
          looking();
          return page(changes.list.map(shown), query);
        },
      ],
      'GET branch/changes/:id': [
        ['read_branch'],
        ({ id }) => {
          looking();
          const change = changes.list.find((known) => known.id === id);
          return change ? ok(shown(change)) : refused(404, 'not_found', 'Not Found');
        },
      ],
      'PATCH branch/changes': [
        ['write_database'],
        ({ body }) => {
          const change = changes.upsert(body as Wanted, 'the migration');
          return change ? ok(shown(change)) : { status: 204 };
        },
      ],
      'GET branch/roles': [
        ['read_branch'],
        ({ query }) =>
          page(
            roles.list.map((role) => told(role)),
            query,
          ),
      ],
      'GET branch/roles/default': [['read_branch'], () => ok(told(roles.standard))],
      'GET branch/roles/:id': [
        ['read_branch'],
        ({ id }) => {
          const role = roles.list.find((known) => known.id === id);
          return role ? ok(told(role)) : refused(404, 'not_found', 'Not Found');
        },
      ],
      'POST branch/roles': [
        ['create_production_branch_password', 'create_branch_password'],
        async ({ body }) => {
          const { role, password } = await roles.create(body as WantedRole);
          return ok(told(role, password));
        },
      ],
      'DELETE branch/roles/:id': [
        ['delete_production_branch_password', 'delete_branch_password'],
        async ({ id, query }) =>
          (await roles.drop(id, query.get('successor') ?? undefined)) ? { status: 204 } : refused(404, 'not_found', 'Not Found'),
      ],
    };
  }
}

const ok = (body: unknown): Answer => ({ status: 200, body });
const refused = (status: number, code: string, message: string): Answer => ({ status, body: { code, message } });

function page(items: readonly unknown[], query: URLSearchParams): Answer {
  const number = (name: string, fallback: number) => Number(query.get(name) ?? fallback);
  return ok(listAnswer(items, number('page', 1), number('per_page', 25)));
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text === '' ? {} : JSON.parse(text);
}

function answer(response: ServerResponse, { status, body, headers = {} }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}
