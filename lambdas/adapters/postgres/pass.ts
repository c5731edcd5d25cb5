/** Passes the rows of a part on from one server to the other, as they come. */
import { pipeline } from 'node:stream/promises';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { Defect, type MigrationError, VerificationError } from '../../config/errors.ts';
import type { CopySession, Passed } from '../../ports/part-copy.ts';
import { ServerSession } from './copy-session.ts';

export interface Passing {
  readonly from: CopySession;
  readonly copyOut: string;
  readonly to: CopySession;
  readonly copyIn: string;
  /** Milliseconds without a byte at either end, after which both are given up. */
  readonly stallMs: number;
  onBytes?(bytes: number): void;
}

const REPORT_MS = 1_000;

/**
 * Neither end is waited for after an error: both sessions are dropped, which the servers notice, and take back what was begun.
 * @throws the first error of either end, with the other end silent
 */
export async function pass({ from, copyOut, to, copyIn, stallMs, onBytes }: Passing): Promise<Passed> {
  const { source, target, failed, giveUp } = endsOf(from, to);
  const output = source.client.query(copyTo(copyOut));
  const input = target.client.query(copyFrom(copyIn));
  output.on('error', (error) => giveUp(source.translate(error)));
  input.on('error', (error) => giveUp(target.translate(error)));
  const sent = Promise.withResolvers<void>();
  output.handleReadyForQuery = () => sent.resolve();

  const piped = pipeline(output, input);
  piped.catch((error: unknown) => giveUp(source.translate(error))); // heard above before, as a rule
  let bytes = 0;
  output.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  const { stream } = target.client.connection;
  const watch = watchFor({
    stallMs,
    state: () => [bytes, stream.writableLength],
    bytes: () => bytes,
    stalled: () => giveUp((stream.writableLength > 0 ? target : source).silent(Math.round(stallMs / 1_000))),
    onBytes,
  });
  try {
    await Promise.race([Promise.all([piped, sent.promise]), failed]).catch(() => failed);
  } finally {
    clearInterval(watch);
  }
  if (output.rowCount !== input.rowCount) {
    giveUp(
      new VerificationError(
        `The source sent ${output.rowCount} rows of a part and the target counted ${input.rowCount}. The part was not committed, and is tried again.`,
      ),
    );
    return failed;
  }
  return { bytes, rows: input.rowCount };
}

/** What a watch looks at, and tells. */
export interface Watched {
  readonly stallMs: number;
  /** Changes with whatever moves. */
  state(): readonly number[];
  bytes(): number;
  stalled(): void;
  readonly onBytes: ((bytes: number) => void) | undefined;
}

/** Looks now and then whether anything moves, until it is cleared. */
export function watchFor({ stallMs, state, bytes, stalled, onBytes }: Watched): NodeJS.Timeout {
  let [last, moved, reported] = [state().join(), performance.now(), 0];
  return setInterval(
    () => {
      const now = state().join();
      if (now !== last) [last, moved] = [now, performance.now()];
      else if (performance.now() - moved >= stallMs) return stalled();
      if (bytes() === reported) return;
      reported = bytes();
      onBytes?.(reported);
    },
    Math.min(REPORT_MS, stallMs / 2),
  );
}

/** The adapter's session behind one of the port. */
/** Both sessions, and what ends a pass between them. */
interface PassEnds {
  readonly source: ServerSession;
  readonly target: ServerSession;
  /** Rejects with the first error that was given up for. */
  readonly failed: Promise<never>;
  /** Drops both at once, since a stream must not read on after its error. */
  giveUp(error: MigrationError): void;
}

/** @throws TransientError where one of them is lost already */
export function endsOf(from: CopySession, to: CopySession): PassEnds {
  const [source, target] = [sessionOf(from), sessionOf(to)];
  for (const session of [source, target]) if (session.isLost) throw session.lost();
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => {});
  const giveUp = (error: MigrationError): void => {
    reject(error);
    for (const session of [source, target]) session.drop();
  };
  return { source, target, failed, giveUp };
}

function sessionOf(session: CopySession): ServerSession {
  if (session instanceof ServerSession) return session;
  throw new Defect('Rows are passed on between sessions of this port only. Nothing was changed.');
}
