/** What was written into CloudWatch Logs. */
import { paginateDescribeLogGroups, paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs';
import type { ReportedFinding } from '../../lambdas/checks/report.ts';
import type { Clients } from './site.ts';

export async function logGroups({ logs: client }: Clients): Promise<string[]> {
  const names: string[] = [];
  for await (const page of paginateDescribeLogGroups({ client }, {})) {
    names.push(...(page.logGroups ?? []).flatMap(({ logGroupName }) => logGroupName ?? []));
  }
  return names;
}

export async function linesOf({ logs: client }: Clients, logGroupName: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const page of paginateFilterLogEvents({ client }, { logGroupName })) {
    lines.push(...(page.events ?? []).flatMap(({ message }) => message ?? []));
  }
  return lines;
}

interface Line {
  readonly execution?: string;
  readonly step?: string;
  readonly details?: ReportedFinding;
}

/** What the readiness check of an execution wrote, one line for each of its findings. */
export async function findingsIn(lines: readonly string[], execution: string): Promise<ReportedFinding[]> {
  return lines
    .flatMap((text) => text.split('\n'))
    .flatMap((text) => {
      if (!text.startsWith('{')) return [];
      const line = JSON.parse(text) as Line;
      return line.execution === execution && line.details?.severity !== undefined && line.details.code !== undefined ? [line.details] : [];
    });
}
