/** Milliseconds of a visit that are kept free of work, so that its answer arrives. Each is taken off what remains of the invocation. */

/** To close connections and to answer, subtracted before a step sees its remaining time. */
export const SHUTDOWN_RESERVE_MS = 10_000;

/** To inspect again and to return, after work of which a piece may wait for locks or for other transactions. */
export const LOOK_AGAIN_RESERVE_MS = 20_000;

/** To inspect again and to return where the work is itself an observation: a wait for a marker, which ends by its own time limit. */
export const CONVERGENCE_RESERVE_MS = 15_000;

/** Time of one more round of a comparison: ten of the largest ranges. */
export const COMPARISON_RESERVE_MS = 30_000;

/** To answer, where a switch retries a call that a restart has interrupted. */
export const RETRY_RESERVE_MS = 10_000;
