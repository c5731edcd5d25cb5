/** Every address under which an application may know the cluster: from RDS, and from a setting. */
import { paginateDescribeDBProxyEndpoints, type RDSClient } from '@aws-sdk/client-rds';
import { type Address, DIRECT_PORT } from '../../config/secrets.ts';
import { proxiesOf } from './rds-access.ts';
import { calling } from './rds-call.ts';
import { describeCluster, describeInstances } from './rds-state.ts';

/** Proxies speak PostgreSQL on its usual port, whatever the cluster's. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy-connecting.html */
const PROXY_PORT = DIRECT_PORT;

/**
 * Endpoints of the cluster (writer, reader, custom), of its instances, and of the proxies that lead to either.
 * @throws MigrationError where RDS refuses a call
 */
export async function clusterAddresses(client: RDSClient, identifier: string, database: string): Promise<Address[]> {
  const [cluster, instances] = await Promise.all([describeCluster(client, identifier), describeInstances(client, identifier)]);
  const { Endpoint: writer, ReaderEndpoint: reader, CustomEndpoints: custom = [], Port: port = DIRECT_PORT } = cluster;
  const members = [...instances.keys()].map((instance) => ({ instance }));
  const proxies = await proxiesOf(client, { cluster: identifier, members });
  const further = await Promise.all(proxies.map(({ name }) => furtherEndpoints(client, name)));
  const own = [writer, reader, ...custom, ...[...instances.values()].map(({ Endpoint }) => Endpoint?.Address)];
  return [...at(port, database, own), ...at(PROXY_PORT, database, [...proxies.map(({ endpoint }) => endpoint), ...further.flat()])];
}

const at = (port: number, database: string, hosts: readonly (string | undefined)[]): Address[] =>
  hosts.flatMap((host) => (host ? [{ host, port, database }] : []));

/** A proxy may have more endpoints than its own: for readers, or in other VPCs. */
async function furtherEndpoints(client: RDSClient, name: string): Promise<string[]> {
  const found: string[] = [];
  await calling({ action: 'rds:DescribeDBProxyEndpoints', resource: name }, async () => {
    for await (const { DBProxyEndpoints = [] } of paginateDescribeDBProxyEndpoints({ client }, { DBProxyName: name })) {
      found.push(...DBProxyEndpoints.flatMap(({ Endpoint }) => Endpoint ?? []));
    }
  });
  return found;
}

/** `host` or `host:port`, as the setting has them; a bare host has the port of the source. */
export const namedAddresses = (hosts: string, port: number, database: string): Address[] =>
  hosts
    .split(',')
    .filter((entry) => entry !== '')
    .map((entry) => {
      const [host = '', own] = entry.split(':');
      return { host, port: own === undefined ? port : Number(own), database };
    });
