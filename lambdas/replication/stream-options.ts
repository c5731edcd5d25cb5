/** Options of the stream that both sides know. Targets are 17 or newer and know everything. */
import type { StreamOptions } from './subscriptions.sql.ts';

/** Publishers that send binary values and large transactions before they commit. https://www.postgresql.org/docs/14/release-14.html */
const BINARY_AND_STREAMING_SINCE = 14;
/** Publishers whose streamed transactions may be applied before they commit. https://www.postgresql.org/docs/16/release-16.html */
const PARALLEL_SINCE = 16;

/**
 * Binary spares the text round trip of every value, but the manual warns that it needs the same types and functions on both sides, so one
 * column that is not certain to mean the same in binary switches it off for all. The initial copy is binary from 16 on, text before.
 */
export function streamOptions(sourceVersion: number, everyTypeTravelsInBinary: boolean): StreamOptions {
  return {
    binary: sourceVersion >= BINARY_AND_STREAMING_SINCE && everyTypeTravelsInBinary,
    streaming: sourceVersion >= PARALLEL_SINCE ? 'parallel' : sourceVersion >= BINARY_AND_STREAMING_SINCE ? 'on' : 'off',
  };
}
