/**
 * How many functions the account may run at a time in its region, whatever they are for. A new account may have as few as 10.
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */

export interface Concurrency {
  /**
   * What is not reserved for single functions, and so is shared by ours and those of others.
   * @returns undefined where it is not known, or nothing limits it
   * @throws TransientError where the service does not answer for the moment
   */
  limit(): Promise<number | undefined>;
}

/** Where functions run on a machine of one's own. */
export const noLimit: Concurrency = { limit: async () => undefined };
