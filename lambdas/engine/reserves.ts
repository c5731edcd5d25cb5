/** Milliseconds of a visit that are kept free of work, so that its answer arrives. Each is taken off what remains of the invocation. */

/** To close connections and to answer, taken off before a step is told what remains. */
export const SHUTDOWN_RESERVE_MS = 10_000;

/** To look again and to return, after work of which a piece may wait for locks or for other transactions. */
export const LOOK_AGAIN_RESERVE_MS = 20_000;

/** To look again and to return where the work is itself a look: a marker on its way, which ends by its own time limit. */
export const CONVERGENCE_RESERVE_MS = 15_000;

/** One more look of a comparison may take so long: ten of the largest ranges. */
export const COMPARISON_RESERVE_MS = 30_000;

/** To answer, where a switch tries something again that a restart has cut off. */
export const RETRY_RESERVE_MS = 10_000;
