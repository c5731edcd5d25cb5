/** Answers of PlanetScale's API → what the port says. https://planetscale.com/docs/api/reference */
import { isIPv4, isIPv6 } from 'node:net';
import { DIRECT_PORT } from '../../config/secrets.ts';
import type { Branch, BranchRole, ChangeRequest, ClusterParameter, NewBranchRole, ParameterValues } from '../../ports/planetscale.ts';
import { type Fields, Unexpected } from './fields.ts';

const LONGEST_SHOWN = 200;

/** Texts of others that go into messages: in one line, and not without end. */
export const shown = (text: string): string => {
  const line = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
  return line.length > LONGEST_SHOWN ? `${line.slice(0, LONGEST_SHOWN)}…` : line;
};

/** The kind of a database or a branch. @throws Unexpected where it is not PostgreSQL's */
export function demandPostgres(answer: Fields): void {
  answer.oneOf('kind', ['postgresql']);
}

/** In CIDR notation. What is no address is passed on as it is: whoever lets it in refuses it. */
const networkOf = (text: string): string => {
  if (isIPv4(text)) return `${text}/32`;
  return isIPv6(text) ? `${text}/128` : shown(text);
};

export function branchOf(answer: Fields, site: Pick<Branch, 'organization' | 'database' | 'branch'>): Branch {
  demandPostgres(answer);
  const region = answer.object('region');
  const { organization, database, branch } = site;
  return {
    ...{ organization, database, branch },
    clusterSize: shown(answer.text('cluster_name')),
    isMetal: answer.flag('metal'),
    isReady: answer.flag('ready'),
    state: shown(answer.text('state')),
    hasReplicas: answer.flag('has_replicas'),
    region: shown(region.text('slug')),
    addresses: (region.optionalTexts('public_ip_addresses') ?? []).map(networkOf),
  };
}

export function parameterOf(answer: Fields): ClusterParameter {
  const displayName = answer.optionalText('display_name');
  const category = answer.optionalText('category');
  const [min, max, options] = [answer.optionalNumber('min'), answer.optionalNumber('max'), answer.optionalTexts('options')];
  return {
    namespace: answer.text('namespace'),
    name: answer.text('name'),
    ...(displayName !== undefined && { displayName: shown(displayName) }),
    ...(category !== undefined && { category: shown(category) }),
    value: answer.value('value'),
    defaultValue: answer.value('default_value'),
    restarts: answer.flag('restart'),
    isImmutable: answer.flag('immutable'),
    type: answer.text('parameter_type'),
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...(options !== undefined && { options }),
  };
}

const STATES = ['queued', 'pending', 'resizing', 'canceled', 'completed'] as const;

/** Of a change, which is only compared with what we ask for: what is in no namespace is none of ours. */
const valuesOf = (answer: Fields | undefined): ParameterValues =>
  Object.fromEntries(
    (answer?.names ?? []).flatMap((namespace) => {
      const values = answer?.objectIfAny(namespace);
      return values ? [[namespace, Object.fromEntries(values.names.map((name) => [name, values.value(name)]))]] : [];
    }),
  );

export function changeOf(answer: Fields): ChangeRequest {
  const minimumStorageBytes = answer.optionalNumber('minimum_storage_bytes');
  const previousMinimumStorageBytes = answer.optionalNumber('previous_minimum_storage_bytes');
  const maximumStorageBytes = answer.optionalNumber('maximum_storage_bytes');
  return {
    id: answer.text('id'),
    state: answer.oneOf('state', STATES),
    actor: shown(answer.optionalObject('actor')?.optionalText('display_name') ?? 'somebody'),
    parameters: valuesOf(answer.objectIfAny('parameters')),
    previousParameters: valuesOf(answer.objectIfAny('previous_parameters')),
    ...(minimumStorageBytes !== undefined && { minimumStorageBytes }),
    ...(previousMinimumStorageBytes !== undefined && { previousMinimumStorageBytes }),
    ...(maximumStorageBytes !== undefined && { maximumStorageBytes }),
  };
}

/** When it was asked for, in milliseconds. */
export function timeOf(answer: Fields): number {
  const time = Date.parse(answer.text('created_at'));
  if (Number.isNaN(time)) throw new Unexpected(answer.at('created_at'), 'a time');
  return time;
}

/** Whether a role that is still listed is no more. One that could not be dropped is there. */
export const isGone = (answer: Fields): boolean =>
  answer.optionalText('dropped_at') !== undefined ||
  (answer.optionalText('deleted_at') !== undefined && answer.optionalText('drop_failed') === undefined);

export function roleOf(answer: Fields): BranchRole {
  const user = answer.text('username');
  return {
    id: answer.text('id'),
    name: answer.optionalText('name') ?? '',
    user,
    role: answer.optionalText('base_username') ?? user.replace(/\.[^.]*$/, ''),
    isDefault: answer.flag('default'),
  };
}

export function newRoleOf(answer: Fields): NewBranchRole {
  const { host, port } = hostIn(answer, 'access_host_url') ?? missing(answer.at('access_host_url'));
  const privateHost = hostIn(answer, 'private_access_host_url')?.host;
  return {
    ...roleOf(answer),
    password: answer.text('password'),
    host,
    port: port ?? DIRECT_PORT,
    ...(privateHost !== undefined && { privateHost }),
    database: answer.text('database_name'),
  };
}

const HOST = 'a host, a host with a port, or a URL';
const missing = (field: string): never => {
  throw new Unexpected(field, HOST);
};

/**
 * The field is called a connection string, and which form it has, no page says: a URL, a host with a port or a bare host are all understood. The
 * port of the pooler is left out: of the same host, another port is the server's.
 */
function hostIn(answer: Fields, name: string): { readonly host: string; readonly port: number | undefined } | undefined {
  const text = answer.optionalText(name)?.trim();
  if (text === undefined || text === '') return undefined;
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text.replace(/^[^:]+/, 'postgresql') : `postgresql://${text}`);
  if (url === null || !/^([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])$/.test(url.hostname)) return missing(answer.at(name));
  const port = url.port === '' || url.port === POOLER ? undefined : Number(url.port);
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port };
}

const POOLER = '6432';
