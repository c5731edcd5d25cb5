/** Why a dump is not loaded: nothing was rehearsed then, and nothing can be told. */

/** The dump cannot be loaded. The message names the line and the server's complaint. */
export class DumpRefused extends Error {
  override readonly name = 'DumpRefused';
}
