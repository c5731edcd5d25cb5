/** Disk space that the target needs. Its free space is unknown: neither PostgreSQL nor PlanetScale shows it in SQL. */
import type { ReadinessCheck } from './context.ts';
import { indexBytes } from './size.sql.ts';

/** The guide asks for 150 % of the source's size, set beforehand: growing the disk during the copy cuts connections. */
const SHARE_OF_SOURCE = 1.5;
const GIBIBYTE = 1024 ** 3;
const gibibytes = (bytes: number): string => `${(bytes / GIBIBYTE).toFixed(2)} GiB`;

export const size: ReadinessCheck = {
  name: 'size of the data',
  async find({ source, input, tables }) {
    const published = await tables();
    const tableBytes = published.reduce((sum, { bytes }) => sum + bytes, 0);
    const [indexes] = await source.query(indexBytes(input));
    const bytes = tableBytes + (indexes?.bytes ?? 0);
    return [
      {
        code: 'DiskSpace',
        severity: 'warning',
        objects: [`${published.length} tables, ${tableBytes} bytes, with indexes ${bytes} bytes`],
        message: `The target needs room for ${gibibytes(bytes)}. How much it has cannot be seen from here.`,
        remedy: `Set its disk to at least ${gibibytes(bytes * SHARE_OF_SOURCE)} (150 %, as the guide asks) before you start.`,
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
