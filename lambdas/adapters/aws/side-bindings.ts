/** The bindings of the two databases: their addresses and logins, and the streams between them. */
import { readFileSync } from 'node:fs';
import { type Environment, VARIABLE } from '../../config/environment.ts';
import { InvalidConfiguration, TargetNotKnown } from '../../config/errors.ts';
import { REPLICATION_ROLE } from '../../config/names.ts';
import { isEmptySecret, parseReplicationSecret, parseSourceSecret, parseTargetSecret, replicationPassword } from '../../config/secrets.ts';
import type { ConnectionSettings } from '../../ports/connection-settings.ts';
import type { ReplicationLogin, Sslmode, WayBackSettings } from '../../ports/replication.ts';
import { type WriterEndpoint, writerEndpoint } from './rds-state.ts';
import { requireVariable, type Search, type Site } from './site.ts';

export async function resolveSource({ environment, clients, secrets }: Search): Promise<ConnectionSettings> {
  const secret = requireVariable(environment, 'sourceSecret');
  const read = async () => parseSourceSecret(await secrets.read('source', secret), secret);
  const { user, password, ...known } = await read();
  return {
    ...(isWhole(known) ? known : { ...(await writerEndpoint(clients.rds, requireVariable(environment, 'clusterIdentifier'))), ...known }),
    database: requireVariable(environment, 'database'),
    user,
    password,
    tls: { verify: 'full', authorities: authoritiesIn(requireVariable(environment, 'sourceAuthorities')) },
    currentLogin: read,
  };
}

const isWhole = (address: Partial<WriterEndpoint>): address is WriterEndpoint => address.host !== undefined && address.port !== undefined;

export async function resolveTarget({ environment, secrets }: Search): Promise<ConnectionSettings> {
  const secret = requireVariable(environment, 'targetSecret');
  const mayBeMade = Boolean(environment[VARIABLE.planetscaleToken]);
  const read = async () => {
    const text = await secrets.read('target', secret);
    if (mayBeMade && isEmptySecret(text)) throw new TargetNotKnown(secret);
    return parseTargetSecret(text, secret);
  };
  return { ...(await read()), tls: { verify: 'full', authorities: 'system' }, currentLogin: read };
}

/** The password is read on demand: only acting needs it. */
export async function resolveReplication(search: Search): Promise<ReplicationLogin> {
  const { environment, secrets } = search;
  const { host, port } = await resolveSource(search);
  const secret = requireVariable(environment, 'replicationSecret');
  const login = async () => parseReplicationSecret(await secrets.read('replication', secret), secret);
  return {
    user: REPLICATION_ROLE,
    password: async (place = 'source') => replicationPassword((await login()).password, place),
    ...entranceOf(environment, { host, port }),
    sslmode: requireVariable(environment, 'subscriptionSslmode') as ReplicationLogin['sslmode'],
  };
}

/** The address to which PlanetScale connects: the load balancer's where there is one, else the cluster's. */
function entranceOf(environment: Environment, cluster: WriterEndpoint): WriterEndpoint {
  const host = environment[VARIABLE.entranceHost];
  return host ? { host, port: Number(requireVariable(environment, 'clusterPort')) } : cluster;
}

export async function resolveWayBack({ environment }: Site): Promise<WayBackSettings> {
  const { [VARIABLE.reverseHost]: host, [VARIABLE.reversePort]: port, [VARIABLE.reverseSslmode]: sslmode } = environment;
  return {
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(sslmode === undefined ? {} : { sslmode: sslmode as Sslmode }),
  };
}

function authoritiesIn(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new InvalidConfiguration(`The file ${file} with the certificate authorities of the source cannot be read. Nothing was touched.`, {
      cause,
    });
  }
}
