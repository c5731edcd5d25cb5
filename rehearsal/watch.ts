/** The watch of a rehearsal: what the deployed one measures each minute, measured four times a second and kept in memory. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openPorts } from '../lambdas/adapters/open-ports.ts';
import { collectMetrics } from '../lambdas/monitoring/collect.ts';
import { MetricHistory } from '../lambdas/monitoring/history.ts';
import type { MetricName } from '../lambdas/monitoring/metrics.ts';
import type { Bindings } from '../lambdas/ports/bindings.ts';
import type { MigrationHistory, Sample } from '../lambdas/report/history.ts';
import type { Places } from './machines/execution.ts';

const EVERY_MS = 250;

export interface RehearsedWatch {
  /** By metric, oldest first. */
  readonly series: MigrationHistory['series'];
  /** Resolves when no look is under way any more. */
  stop(): Promise<void>;
}

/** A look that fails is left out, as it would be in a graph. @param places asked anew for each look: a side may move, or have no login yet */
export function startWatch(places: Places): RehearsedWatch {
  const series: Partial<Record<MetricName, Sample[]>> = {};
  const memory = new MetricHistory();
  const over = new AbortController();
  const look = async (): Promise<void> => {
    const { source, target } = places;
    if (!target) return;
    const { looking, close } = openPorts('Watch', { source, target } as Partial<Bindings>);
    try {
      const { measures } = await collectMetrics(looking, memory, false);
      const at = Date.now();
      for (const [name, value] of Object.entries(measures) as [MetricName, number][]) {
        const samples = series[name] ?? [];
        samples.push([at, value]);
        series[name] = samples;
      }
    } finally {
      await close();
    }
  };
  const run = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await look().catch(() => {});
      await sleep(EVERY_MS, undefined, { signal: over.signal }).catch(() => {});
    }
  };
  const running = run();
  return {
    series,
    async stop() {
      over.abort();
      await running;
    },
  };
}
