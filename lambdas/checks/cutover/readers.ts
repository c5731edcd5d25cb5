/** Connections to the source that its writer does not see: reader instances, other regions, proxies. A fence ends and refuses none of them. */
import { READERS_CODE, READERS_SERVE_ON } from '../../cluster/readers.ts';
import { MigrationError, TransientError } from '../../config/errors.ts';
import type { ClusterAccess, ClusterState } from '../../ports/cluster.ts';
import { blocker, type Finding, warning } from '../finding.ts';
import type { SwitchCheck } from './context.ts';

function readersOf({ members, readerEndpoints = [] }: ClusterState): readonly Finding[] {
  const readers = members.filter(({ isWriter }) => !isWriter).map(({ instance }) => instance);
  return warning({
    code: READERS_CODE,
    objects: readers.length > 0 ? [...readers, ...readerEndpoints] : [],
    message: `${READERS_SERVE_ON} A new connection is refused there as on the writer.`,
    remedy:
      `Let whatever reads there read from the target, and reboot each of ${readers.join(', ')} as soon as the switch is over ` +
      '(aws rds reboot-db-instance --db-instance-identifier …), which ends its sessions.',
  });
}

const modify = (option: string): string => `aws rds modify-db-cluster --db-cluster-identifier … --no-enable-${option}-write-forwarding`;

async function forwardingOf(cluster: ClusterAccess, state: ClusterState): Promise<readonly Finding[]> {
  const secondaries = state.globalCluster === undefined ? [] : await cluster.secondaries(state.globalCluster);
  const own = (state.writeForwarding ?? []).map((how) => `${state.cluster}: ${how}`);
  const theirs = secondaries.flatMap(({ arn, writeForwarding }) =>
    writeForwarding === undefined ? [] : [`${arn}: global ${writeForwarding}`],
  );
  return [
    ...blocker({
      code: 'WriteForwarding',
      objects: [...own, ...theirs],
      message:
        'Sessions on readers may write through the writer, where the fence neither sees nor ends them: what they write would be lost.',
      remedy: `Turn it off until the migration is over (${modify('local')}, or ${modify('global')} in the other region), and wait until it is.`,
    }),
    ...warning({
      code: 'SecondaryClustersServeOn',
      objects: secondaries.map(({ arn }) => arn),
      message:
        'These clusters of the global database are fed by the source. No fence ends their sessions: they go on being served, read-only, with ' +
        'what the source has.',
      remedy: 'Let whatever reads there read from the target, and reboot their instances as soon as the switch is over.',
    }),
  ];
}

async function proxiesOf(cluster: ClusterAccess, state: ClusterState): Promise<readonly Finding[]> {
  try {
    return warning({
      code: 'ProxyLeadsToSource',
      objects: (await cluster.proxies(state)).map(({ name, endpoint }) => `${name} (${endpoint})`),
      message:
        'These RDS Proxies lead to the source and go on doing so. Their sessions end with the fence as all others do, and their clients are ' +
        'refused from then on, however they are told to try again.',
      remedy: 'Let whatever connects through them connect to the target when the switch is over; a proxy cannot lead there.',
    });
  } catch (error) {
    if (!(error instanceof MigrationError) || error instanceof TransientError) throw error;
    return [
      {
        code: 'ProxiesUnknown',
        severity: 'warning',
        objects: [],
        message: `It is not known whether an RDS Proxy leads to the source: ${error.message}`,
        remedy: 'Look for one in the console; whatever connects through it has to connect to the target when the switch is over.',
      },
    ];
  }
}

export const readers: SwitchCheck = {
  name: 'ways to the source past its writer',
  async find({ cluster }) {
    const state = await cluster?.describe();
    if (!cluster || !state) return [];
    return [...readersOf(state), ...(await forwardingOf(cluster, state)), ...(await proxiesOf(cluster, state))];
  },
};
