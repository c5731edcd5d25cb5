/** Log lines as JSON, each with the step and the execution that it belongs to. Events are not logged. */
import { Logger } from '@aws-lambda-powertools/logger';
import type { StepEvent } from '../../engine/contract.ts';
import type { Log } from '../../ports/log.ts';

export function lambdaLog(step: string, { execution }: Pick<StepEvent, 'execution'>, requestId: string): Log {
  const logger = new Logger({ serviceName: 'aurora-to-planetscale', persistentKeys: { step, execution, requestId } });
  return {
    // Below a key of their own, because the logger drops fields that are called as its own, such as "message".
    info: (message, details = {}) => logger.info(message, { details }),
    warn: (message, details = {}) => logger.warn(message, { details }),
  };
}
