/** Where the processors' time goes: to which server, or to this process. */
import { readdirSync, readFileSync } from 'node:fs';
import type { ConnectionSettings } from '../lambdas/ports/connection-settings.ts';
import { withClient } from './replicate.ts';

/** Of the kernel's clock, by which /proc counts. */
const TICKS_A_SECOND = 100;

interface Entry {
  readonly parent: number;
  /** Ticks of the process, and of its children that have ended. */
  readonly own: number;
  readonly ended: number;
}

/** Undefined where the process has ended, or where the system has no /proc. */
function entryOf(pid: number | string): Entry | undefined {
  try {
    // The name in parentheses may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
      .map(Number);
    const [parent, user, system, endedUser, endedSystem] = [1, 11, 12, 13, 14].map((at) => fields[at] ?? 0) as [
      number,
      number,
      number,
      number,
      number,
    ];
    return { parent, own: user + system, ended: endedUser + endedSystem };
  } catch {
    return undefined;
  }
}

/** The process of a server from which all its others come. @param superuser of the server itself, not of a proxy before it */
export const postmasterOf = (superuser: ConnectionSettings): Promise<number> =>
  withClient(superuser, async (client) => {
    const { rows } = await client.query('select pg_backend_pid() as pid');
    return entryOf(rows[0].pid)?.parent ?? 0;
  });

/** Seconds of the processors that a server has had so far. */
export function secondsOfServer(postmaster: number): number {
  const whole = entryOf(postmaster);
  if (!whole) return Number.NaN;
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const running = children.map(entryOf).filter((entry) => entry?.parent === postmaster);
  return (whole.own + whole.ended + running.reduce((sum, entry) => sum + (entry?.own ?? 0), 0)) / TICKS_A_SECOND;
}

/** Seconds of the processors that this process has had so far. */
export function secondsHere(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000_000;
}
