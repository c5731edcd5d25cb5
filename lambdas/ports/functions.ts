/**
 * Functions of ours that may have been idle for weeks when a switch needs them. Lambda removes the network interface of an idle function in
 * a VPC: the function is `Inactive` then, and the first call fails while the interface is restored, which takes minutes.
 * https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
 */

/** A function that cannot be called, for a reason that does not pass by itself. */
export interface Uncallable {
  /** ARN of the function. */
  readonly function: string;
  /** Reason, by the service; never a message of the function itself. */
  readonly reason: string;
}

/** The functions that a switch may need. */
export interface Functions {
  /**
   * Calls each of them with nothing to do, and waits until they have answered.
   * @returns those that cannot be called
   * @throws TransientError while one of them is not ready
   */
  wake(): Promise<readonly Uncallable[]>;
}

/** Where no function has to be woken. */
export const noFunctions: Functions = { wake: async () => [] };

/** Event of a call that only wakes a function. */
export interface Wake {
  readonly wake: true;
}
/** Answer to it, before the function reads or opens anything. */
export interface Awake {
  readonly awake: true;
}

export const WAKE: Wake = { wake: true };
export const AWAKE: Awake = { awake: true };

export const isWake = (event: object): event is Wake => 'wake' in event && event.wake === true;

/**
 * Errors of the Lambda API after which the same call may be retried: the service is busy or has a fault; the function is inactive,
 * pending or being updated, its network or its code not restored yet (https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors).
 */
export const PASSING_EXCEPTIONS = [
  'ServiceException',
  'AWSLambdaException',
  'SdkClientException',
  'TooManyRequestsException',
  'ClientExecutionTimeoutException',
  'ResourceNotReadyException',
  'ResourceConflictException',
  'ENINotReadyException',
  'EC2ThrottledException',
  'EC2UnexpectedException',
  'CodeArtifactUserPendingException',
  'CodeArtifactUserDeletedException',
  'SnapStartNotReadyException',
] as const;
