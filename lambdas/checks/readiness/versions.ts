/** Versions of both servers, and whether they take writes. */
import { decodesWrongly } from '../../postgres/versions.ts';
import { blocker, type Finding } from '../finding.ts';
import { onBothSides, onTargetIfKnown } from '../known.ts';
import type { CheckContext, ReadinessCheck } from './context.ts';
import { serverFacts } from './servers.sql.ts';

/** TRUNCATE is published from 11 on, and 11 is the oldest Aurora that is still available. */
const OLDEST_SOURCE = 11;
/** Major versions that PlanetScale for Postgres offers. */
const TARGETS = [17, 18];

export const versions: ReadinessCheck = {
  name: 'server versions',
  find: async (ctx) => [
    ...blocker({
      code: 'SourceTooOld',
      objects: ctx.sourceVersion < OLDEST_SOURCE ? [`PostgreSQL ${ctx.sourceVersion}`] : [],
      message: `The source must be PostgreSQL ${OLDEST_SOURCE} or newer.`,
      remedy: 'Upgrade the Aurora cluster first.',
    }),
    ...(await onTargetIfKnown(async () => versionsTogether(ctx))),
  ],
};

function versionsTogether({ sourceVersion, targetVersion }: CheckContext): Finding[] {
  const findings: Finding[] = [];
  if (!TARGETS.includes(targetVersion)) {
    findings.push({
      code: 'TargetNotSupported',
      severity: 'blocker',
      objects: [`PostgreSQL ${targetVersion}`],
      message: `The target must be PostgreSQL ${TARGETS.join(' or ')}, which is what PlanetScale offers.`,
      remedy: 'Check that the target secret leads to the PlanetScale database.',
    });
  }
  if (targetVersion < sourceVersion) {
    findings.push({
      code: 'TargetOlderThanSource',
      severity: 'blocker',
      objects: [`PostgreSQL ${sourceVersion} to ${targetVersion}`],
      message: 'The target is older than the source, so parts of the schema may not exist there.',
      remedy: `Create the PlanetScale database with PostgreSQL ${Math.max(...TARGETS)}.`,
    });
  }
  return findings;
}

export const auroraDecoding: ReadinessCheck = {
  name: 'Aurora version',
  async find({ source, cluster }) {
    const state = await cluster.describe();
    const [facts] = await source.query(serverFacts());
    const engineVersion = state?.engineVersion ?? (facts?.isAurora ? facts.version : '');
    if (!decodesWrongly(engineVersion)) return [];
    return [
      {
        code: 'AuroraDecodingDefect',
        severity: 'blocker',
        objects: [`Aurora PostgreSQL ${engineVersion}`],
        message: 'Logical decoding is defective in Aurora PostgreSQL 16.1.',
        remedy: 'Upgrade the cluster to 16.2 or newer.',
      },
    ];
  },
};

export const standby: ReadinessCheck = {
  name: 'recovery state of both servers',
  async find({ source, target }) {
    const { found, passedOver } = await onBothSides({ source, target }, async (reader) => {
      const [facts] = await reader.query(serverFacts());
      const { host, port } = reader.endpoint;
      return facts?.isStandby === false ? [] : [{ address: `${host}:${port}` }];
    });
    return [
      ...blocker({
        code: 'NotTheWriter',
        objects: found.map(({ side, address }) => `${side} ${address}`),
        message: 'The server is a read replica and takes no writes.',
        remedy: "Correct the host in the secret: the cluster's writer endpoint on the source, the primary on the target.",
      }),
      ...passedOver,
    ];
  },
};
