/** Log lines as JSON, each with the step and the execution that it belongs to. Events are not logged. */
import { Logger } from '@aws-lambda-powertools/logger';
import type { Log, StepEvent } from '../contract.ts';

export function lambdaLog(step: string, { execution }: Pick<StepEvent, 'execution'>, requestId: string): Log {
  const logger = new Logger({ serviceName: 'aurora-to-planetscale', persistentKeys: { step, execution, requestId } });
  return {
    info: (message, fields = {}) => logger.info(message, { ...fields }),
    warn: (message, fields = {}) => logger.warn(message, { ...fields }),
  };
}
