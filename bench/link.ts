/** A link to a server on this machine that is as slow as one that is far away, in a process of its own. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { ConnectionSettings } from '../lambdas/ports/connection-settings.ts';

export interface LinkOptions {
  /** Of each connection, in each direction. @default - as fast as it goes */
  readonly bytesASecond?: number;
  /** Milliseconds that every answer comes later. @default 0 */
  readonly roundTripMs?: number;
}

export interface Link {
  /** The same login, over the link. */
  over(settings: ConnectionSettings): ConnectionSettings;
  end(): void;
}

/** @param to the server, on 127.0.0.1 */
export async function startLink(
  { port }: Pick<ConnectionSettings, 'port'>,
  { bytesASecond = 0, roundTripMs = 0 }: LinkOptions,
): Promise<Link> {
  const child = fork(new URL('./link/process.ts', import.meta.url), [port, bytesASecond, roundTripMs].map(String));
  const [own] = (await once(child, 'message')) as [number];
  return {
    over: (settings) => ({ ...settings, port: own }),
    end: () => void child.kill(),
  };
}
