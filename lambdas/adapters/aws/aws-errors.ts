/** What the AWS SDK throws → our errors, as far as every service has it in common. */
import { InvalidConfiguration, MigrationError, TransientError } from '../../config/errors.ts';

/** The call that failed, for the message. */
export interface Call {
  /** The IAM action, such as `rds:DescribeDBClusters`. */
  readonly action: string;
  /** Name or ARN of what it was called on. */
  readonly resource: string;
}

const THROTTLED = /Throttl|TooManyRequests|LimitExceeded|SlowDown/;
const DENIED = /AccessDenied|NotAuthorized|UnauthorizedOperation/;
/** Names that the SDK and Node.js give to connections that fail. */
const NETWORK = /^(TimeoutError|NetworkingError|RequestTimeout|ECONN\w+|ETIMEDOUT|EPIPE|EAI_AGAIN|ENOTFOUND)/;

interface ServiceError {
  readonly name: string;
  readonly message: string;
  readonly code?: unknown;
  readonly $fault?: unknown;
}

/** @returns one of our errors where the fault is of a common kind, and undefined where the service's own words decide */
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
