/** Checks of readiness on a world, one or all of them, with any role in place of the usual ones. */
import { openPorts } from '../../lambdas/adapters/open-ports.ts';
import type { Finding } from '../../lambdas/checks/finding.ts';
import { loadContext, type ReadinessCheck } from '../../lambdas/checks/readiness/context.ts';
import { findAll } from '../../lambdas/checks/run.ts';
import { parseInput } from '../../lambdas/config/input.ts';
import type { Json } from '../../lambdas/config/json.ts';
import type { Application } from '../../lambdas/ports/application.ts';
import type { Bindings } from '../../lambdas/ports/bindings.ts';
import type { Cluster } from '../../lambdas/ports/cluster.ts';
import type { Concurrency } from '../../lambdas/ports/concurrency.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import type { PlanetScale } from '../../lambdas/ports/planetscale.ts';
import { loginAs, type World } from './world.ts';

export interface Circumstances {
  readonly input?: Readonly<Record<string, Json>>;
  readonly source?: ConnectionSettings;
  /** `undefined` for a target without a login. */
  readonly target?: ConnectionSettings | undefined;
  readonly cluster?: Cluster;
  readonly application?: Application;
  readonly concurrency?: Concurrency;
  readonly planetscale?: PlanetScale;
}

export async function findingsOf(world: World, checks: readonly ReadinessCheck[], circumstances: Circumstances = {}): Promise<Finding[]> {
  const { input = {}, ...places } = circumstances;
  const { target, ...others }: Partial<Bindings> = { ...world.places, ...places } as Partial<Bindings>;
  const ports = openPorts('CheckReadiness', target ? { ...others, target } : others);
  try {
    return await findAll(checks, await loadContext({ ...ports.looking, input: parseInput(input) }));
  } finally {
    await ports.close();
  }
}

/** The findings by code, with their severity and objects; a code that comes twice keeps all its objects. */
export function summary(findings: readonly Finding[]): Record<string, { severity: string; objects: string[] }> {
  const found: Record<string, { severity: string; objects: string[] }> = {};
  for (const { code, severity, objects } of findings) {
    found[code] = { severity, objects: [...(found[code]?.objects ?? []), ...objects] };
  }
  return found;
}

export const blocker = (...objects: readonly unknown[]) => ({ severity: 'blocker', objects });
export const warning = (...objects: readonly unknown[]) => ({ severity: 'warning', objects });

/** A role on one side that may log in and nothing else, in place of the usual one. */
export async function poorRole(
  side: 'source' | 'target',
  world: World,
  name: string,
  ...grants: readonly string[]
): Promise<ConnectionSettings> {
  const run = world[side];
  const quoted = `"${name.replaceAll('"', '""')}"`;
  await run(`create role ${quoted} login password 'poor'`);
  for (const grant of grants) await run(grant.replaceAll(':role', quoted));
  return loginAs(world, side, name, 'poor');
}

/** Names as the server quotes them, with everything awkward in them; the long one has all 63 bytes. */
export const ODD = '"Odd ""S%\\ö"';
export const LONG = `"${'ä'.repeat(31)}x"`;
