/** Log lines as JSON, each with its step and its execution. Events are not logged. */
import { Logger } from '@aws-lambda-powertools/logger';
import type { StepEvent } from '../../engine/contract.ts';
import type { Log } from '../../ports/log.ts';

export function lambdaLog(step: string, { execution }: Pick<StepEvent, 'execution'>, requestId: string): Log {
  const logger = new Logger({ serviceName: 'aurora-to-planetscale', persistentKeys: { step, execution, requestId } });
  return {
    // Under a key of their own, because the logger drops fields that have the name of one of its own, such as "message".
    info: (message, details = {}) => logger.info(message, { details }),
    warn: (message, details = {}) => logger.warn(message, { details }),
  };
}
