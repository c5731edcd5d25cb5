/**
 * RDS as the functions find it. The emulator keeps records of clusters and instances, but nothing runs behind them: a parameter group that
 * was attached counts as in force at once, and a reboot restarts nothing. So what the functions ask passes through here on its way, and the
 * embedded server that stands for the writer is restarted with the parameters of its group.
 */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request } from 'node:https';
import { DescribeDBClustersCommand, paginateDescribeDBClusterParameters, type RDSClient } from '@aws-sdk/client-rds';
import type { Parameter } from '../../lambdas/ports/cluster.ts';
import { toServer } from '../../rehearsal/aurora-stand-in.ts';
import type { Server } from '../../rehearsal/servers/server.ts';
import { CLUSTER, INSTANCES, WRITER } from './account.ts';
import { endpointOf } from './emulator.ts';
import type { Files } from './site.ts';

export interface RdsStandIn {
  readonly endpoint: string;
  /** Instances that were rebooted, in order. */
  readonly reboots: readonly string[];
  /** From now on there are the cluster and its server. */
  play(rds: RDSClient, server: Server): Promise<void>;
  stop(): void;
}

/** The cluster's instances, as the emulator does not know them. */
class Instances {
  readonly reboots: string[] = [];
  readonly #rds: RDSClient;
  readonly #server: Server;
  /** The cluster parameter group that each instance runs with. */
  readonly #inForce: Map<string, string>;
  readonly #rebooting = new Set<string>();

  constructor(rds: RDSClient, server: Server, group: string) {
    this.#rds = rds;
    this.#server = server;
    this.#inForce = new Map(INSTANCES.map((instance) => [instance, group]));
  }

  /** RDS answers at once and reboots afterwards. */
  reboot(instance: string): void {
    this.reboots.push(instance);
    this.#rebooting.add(instance);
    void this.#restart(instance).then(() => this.#rebooting.delete(instance));
  }

  async #restart(instance: string): Promise<void> {
    const group = await attachedGroup(this.#rds);
    if (instance === WRITER) await this.#server.restart(toServer(await parametersOf(this.#rds, group)));
    this.#inForce.set(instance, group);
  }

  /** An answer of the emulator, with what it does not know put in. */
  correct(answer: string): string {
    const [, attached] = /<DBClusterParameterGroup>([^<]+)<\/DBClusterParameterGroup>/.exec(answer) ?? [];
    const members = answer.replaceAll(/<DBClusterMember>.*?<\/DBClusterMember>/gs, (member) => {
      const status = this.#inForce.get(identifierIn(member)) === attached ? 'in-sync' : 'pending-reboot';
      return member.replace(/(<DBClusterParameterGroupStatus>)[^<]*/, `$1${status}`);
    });
    const reached = members.replaceAll(/<DBCluster>.*?<\/DBCluster>/gs, (cluster) =>
      cluster
        .replace(/(<Endpoint>)[^<]*/, (_, tag) => `${tag}127.0.0.1`)
        .replace(/(<Port>)[^<]*/, (_, tag) => `${tag}${this.#server.entrancePort}`),
    );
    return reached.replaceAll(/<DBInstance>.*?<\/DBInstance>/gs, (instance) =>
      this.#rebooting.has(identifierIn(instance)) ? instance.replace(/(<DBInstanceStatus>)[^<]*/, '$1rebooting') : instance,
    );
  }
}

const identifierIn = (xml: string): string => /<DBInstanceIdentifier>([^<]*)/.exec(xml)?.[1] ?? '';

async function attachedGroup(rds: RDSClient): Promise<string> {
  const { DBClusters } = await rds.send(new DescribeDBClustersCommand({ DBClusterIdentifier: CLUSTER }));
  const group = DBClusters?.[0]?.DBClusterParameterGroup;
  if (group === undefined) throw new Error(`The cluster ${CLUSTER} has no parameter group.`);
  return group;
}

async function parametersOf(client: RDSClient, group: string): Promise<Parameter[]> {
  if (group.startsWith('default.')) return [];
  const parameters: Parameter[] = [];
  for await (const page of paginateDescribeDBClusterParameters({ client }, { DBClusterParameterGroupName: group, Source: 'user' })) {
    for (const { ParameterName: name = '', ParameterValue: value = '' } of page.Parameters ?? []) {
      parameters.push({ name, value, applyMethod: 'pending-reboot' });
    }
  }
  return parameters;
}

/** @param emulatorPort whither everything is passed on, unchanged: each request is signed for the host that it was sent to */
export async function startRds(emulatorPort: number, files: Files): Promise<RdsStandIn> {
  const agent = new Agent({ keepAlive: true, ca: readFileSync(files.authority) });
  let instances: Instances | undefined;

  const answer = async (asked: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await textOf(asked);
    const passed = request({ host: '127.0.0.1', port: emulatorPort, method: asked.method, path: asked.url, headers: asked.headers, agent });
    const answered = new Promise<IncomingMessage>((resolve, reject) => passed.once('response', resolve).once('error', reject));
    passed.end(body);
    const { statusCode = 502, headers } = await answered;
    const form = new URLSearchParams(body);
    if (form.get('Action') === 'RebootDBInstance' && statusCode === 200) instances?.reboot(form.get('DBInstanceIdentifier') ?? '');
    const text = await textOf(await answered);
    const corrected = instances?.correct(text) ?? text;
    response.writeHead(statusCode, {
      'content-type': headers['content-type'] ?? 'text/xml',
      'content-length': Buffer.byteLength(corrected),
    });
    response.end(corrected);
  };

  const server = createServer({ cert: readFileSync(files.certificate), key: readFileSync(files.key) }, (asked, response) => {
    answer(asked, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The RDS stand-in has no port.');
  return {
    endpoint: endpointOf(address.port),
    get reboots() {
      return instances?.reboots ?? [];
    },
    async play(rds, embedded) {
      instances = new Instances(rds, embedded, await attachedGroup(rds));
    },
    stop() {
      server.close();
      server.closeAllConnections();
      agent.destroy();
    },
  };
}

async function textOf(stream: IncomingMessage): Promise<string> {
  stream.setEncoding('utf8');
  let text = '';
  for await (const piece of stream) text += piece;
  return text;
}
