/** List prices of us-east-1, as docs/costs.md has them: of what a migration will cost, and of what it did. */

/** US dollars. */
export const PRICES = {
  /** The stack while a migration is open, a month. */
  stackAMonth: 13.59,
  /** A GB on its way out of the cluster to anywhere outside of AWS. */
  gbOut: 0.09,
  /** A GB through a NAT gateway. */
  gbNat: 0.045,
  /** A GB of the cluster's storage, a month. */
  gbStoredAMonth: 0.1,
  /** A GB of memory of a function, a second. */
  functionGbSecond: 0.0000133334,
} as const;

export const GB = 1e9;
export const MONTH_SECONDS = 30 * 86_400;
/** Of a worker of the copy; see the step CopyParts. */
export const WORKER_GB = 0.5;
