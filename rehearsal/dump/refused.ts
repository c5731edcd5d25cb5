/** Errors of a dump that is not loaded: nothing was rehearsed then, and the outcome is unknown. */

/** The dump cannot be loaded. The message names the line and the server's complaint. */
export class DumpRefused extends Error {
  override readonly name = 'DumpRefused';
}

/** The server had no room for the locks of one transaction: it needs more, and the dump has to be loaded from its beginning. */
export class OutOfLocks extends Error {
  override readonly name = 'OutOfLocks';
}
