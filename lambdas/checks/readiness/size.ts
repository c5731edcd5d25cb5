/** Disk space that the target needs. Its free space is unknown: neither PostgreSQL nor PlanetScale shows it in SQL. */
import { DISK } from '../../target/plan.ts';
import { SHARE_OF_SOURCE } from '../../target/settings.ts';
import { indexBytes } from '../../target/work.sql.ts';
import type { CheckContext, ReadinessCheck } from './context.ts';

const GIBIBYTE = 1024 ** 3;
const gibibytes = (bytes: number): string => `${(bytes / GIBIBYTE).toFixed(2)} GiB`;

/** Of the disk; undefined where ConfigureTarget sees to it, or it is large enough. */
async function remedyFor(bytes: number, targetPlan: CheckContext['targetPlan']): Promise<string | undefined> {
  const planned = await targetPlan();
  if (planned.kind === 'planned') return planned.plan.obstacles.find(({ what }) => what === DISK)?.remedy;
  return `Set its disk to at least ${gibibytes(bytes * SHARE_OF_SOURCE)} (150 %, as the guide asks) before you start.`;
}

export const size: ReadinessCheck = {
  name: 'size of the data',
  async find({ source, input, tables, targetPlan }) {
    const published = await tables();
    const tableBytes = published.reduce((sum, { bytes }) => sum + bytes, 0);
    const [indexes] = await source.query(indexBytes(input));
    const bytes = tableBytes + (indexes?.bytes ?? 0);
    const remedy = await remedyFor(bytes, targetPlan);
    if (remedy === undefined) return [];
    return [
      {
        code: 'DiskSpace',
        severity: 'warning',
        objects: [`${published.length} tables, ${tableBytes} bytes, with indexes ${bytes} bytes`],
        message: `The target needs room for ${gibibytes(bytes)}. How much it has cannot be seen from here.`,
        remedy,
      },
    ];
  },
};

export const nothingToMove: ReadinessCheck = {
  name: 'tables to publish',
  async find({ source, tables }) {
    if ((await tables()).length > 0) return [];
    return [
      {
        code: 'NothingToMove',
        severity: 'warning',
        objects: [source.endpoint.database],
        message: 'The source database has no table to publish.',
        remedy: 'ReadinessCheck the database in the source secret, and what the input excludes.',
      },
    ];
  },
};
