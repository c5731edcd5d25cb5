/** A rehearsal from its first server to its last: everything in order, and nothing left behind. */
import { rehearsedSecret } from './application/secret.ts';
import type { Hooks, RehearsalStage } from './context.ts';
import { type Fixes, fixSchema } from './fixes.ts';
import { ExecutionRegistry } from './machines/registry.ts';
import { synthesizeMachines } from './machines/synthesize.ts';
import type { RehearsalOptions } from './options.ts';
import { perform } from './perform.ts';
import { placesOf } from './places.ts';
import { prepare } from './prepare.ts';
import type { Report } from './report.ts';
import { Runner } from './runner.ts';
import { openSides, type Sides } from './sides.ts';
import { refuseTraces, removeTraces } from './traces.ts';
import { withoutOwnTables } from './workload/own-subjects.ts';

/** @throws whatever keeps it from telling: a server that does not start, a dump that does not load, an interruption */
export async function rehearse(options: RehearsalOptions, company: Hooks): Promise<Report> {
  const { progress, signal } = company;
  const machines = synthesizeMachines();
  signal?.throwIfAborted();
  progress.say(opening(options));
  const sides = await openSides(options, { parameters: company.targetParameters, edge: company.edge });
  try {
    signal?.throwIfAborted();
    return await onOpenSides(options, company, sides, machines);
  } finally {
    sides.destroy();
  }
}

const opening = ({ source, target }: RehearsalOptions): string =>
  [source, target]
    .map((side, index) => {
      const place = side.kind === 'embedded' ? `PostgreSQL ${side.version}, embedded` : `${side.settings.host}:${side.settings.port}`;
      return `${index === 0 ? 'Source' : 'target'}: ${place}`;
    })
    .join(', ');

async function onOpenSides(options: RehearsalOptions, company: Hooks, sides: Sides, machines: RehearsalStage['machines']): Promise<Report> {
  const isSomebodysOwn = !sides.servers.source || !sides.servers.target;
  if (isSomebodysOwn) await refuseTraces(sides);
  const secret = rehearsedSecret(sides.application);
  const places = placesOf(sides, secret);
  try {
    const { subjects, passedOver } = await prepare(options, company.progress, sides);
    const registry = new ExecutionRegistry();
    const stage = { options, company, sides, subjects, passedOver, secret, places, machines, registry };
    const fixes = options.schemaFixes ? await fixed(stage) : undefined;
    const report = await perform({ ...stage, fixes }, new Runner(stage));
    await company.beforeEnd?.(sides, report);
    return report;
  } finally {
    if (isSomebodysOwn) {
      company.progress.say('Removing what the rehearsal made');
      await removeTraces(sides, machines.Cleanup, places);
    }
  }
}

/** In executions of their own, which count for nothing. */
async function fixed(stage: RehearsalStage): Promise<Fixes> {
  const { sides, company, subjects } = stage;
  company.progress.say('Doing what Preflight asks for');
  await sides.passByPolicies();
  const runner = new Runner(stage);
  return fixSchema({
    sides,
    progress: company.progress,
    preflight: (input) => runner.run('Preflight', { ...withoutOwnTables(subjects), ...input }),
  });
}
