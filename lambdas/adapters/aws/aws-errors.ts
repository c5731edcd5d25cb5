/** Errors of the AWS SDK that all services share → our errors. */
import { InvalidConfiguration, MigrationError, TransientError } from '../../config/errors.ts';

/** The call that failed, for the message. */
export interface Call {
  /** The IAM action, such as `rds:DescribeDBClusters`. */
  readonly action: string;
  /** Name or ARN of the resource that it was called on. */
  readonly resource: string;
}

const THROTTLED = /Throttl|TooManyRequests|LimitExceeded|SlowDown/;
const DENIED = /AccessDenied|NotAuthorized|UnauthorizedOperation/;
/** Error names of the SDK and of Node.js for failed connections. */
const NETWORK = /^(TimeoutError|NetworkingError|RequestTimeout|ECONN\w+|ETIMEDOUT|EPIPE|EAI_AGAIN|ENOTFOUND)/;

interface ServiceError {
  readonly name: string;
  readonly message: string;
  readonly code?: unknown;
  readonly $fault?: unknown;
}

/** @returns one of our errors where the fault is of a common kind; undefined where the service's own message decides */
export function translateCommon(error: unknown, { action, resource }: Call): MigrationError | undefined {
  if (error instanceof MigrationError) return error;
  const { name, message, code, $fault } = error as ServiceError;
  if (DENIED.test(name)) {
    return new InvalidConfiguration(
      `AWS denied ${action} on ${resource}: ${message} Nothing was changed. Deploy the stack again, or have the policy that denies it changed.`,
    );
  }
  const said = `${action} on ${resource} failed for the moment (${name}: ${message}).`;
  if (NETWORK.test(name) || NETWORK.test(String(code))) {
    return new TransientError(
      `${said} If it goes on, check that the functions' subnets lead to the AWS APIs, through a NAT gateway or an endpoint.`,
    );
  }
  return THROTTLED.test(name) || $fault === 'server' ? new TransientError(said) : undefined;
}
