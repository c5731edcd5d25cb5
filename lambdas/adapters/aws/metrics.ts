/** Metrics in CloudWatch's embedded metric format: a line of the log that CloudWatch parses. It holds numbers only. */
import { Metrics } from '@aws-lambda-powertools/metrics';
import type { StreamName } from '../../config/names.ts';
import { type Measures, type MetricName, NAMESPACE, UNITS } from '../../monitoring/metrics.ts';

/** @param stack name of the stack, which distinguishes the migrations of an account */
export function publishMeasures(stack: string, stream: StreamName, measures: Measures): void {
  const metrics = new Metrics({ namespace: NAMESPACE, serviceName: stack });
  for (const [name, value] of Object.entries(measures)) metrics.addMetric(name, UNITS[name as MetricName], value);
  metrics.addMetadata('stream', stream);
  if (Object.keys(measures).length > 0) metrics.publishStoredMetrics();
}
