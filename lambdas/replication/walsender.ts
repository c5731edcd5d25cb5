/**
 * Whether a stream is older than the comparison that vouches for it. A slot that is dropped and made again under its name goes on without an
 * error and without the changes in between, and leaves no trace of that. But a slot cannot be dropped while it is read: as long as one
 * process reads it, it is the one that it was.
 */
import type { Visit } from '../engine/contract.ts';
import type { Walsender } from './walsenders.sql.ts';

/** When the comparison of this execution began; undefined where there was none. */
export function comparedSince(results: Visit['results']): string | undefined {
  const since = (results.CompareData as { readonly since?: unknown } | undefined)?.since;
  return typeof since === 'string' ? since : undefined;
}

/**
 * Whether the walsender has read its slot since before `moment`. The time that looking it up has taken counts against it: one that may be
 * younger, or whose age we may not know, is not believed.
 */
export const isOlderThan = ({ seconds }: Walsender, moment: string): boolean =>
  seconds !== null && seconds >= (Date.now() - Date.parse(moment)) / 1000;
