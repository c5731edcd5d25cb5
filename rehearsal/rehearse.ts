/** A rehearsal from its first server to its last: everything in order, and nothing left behind. */
import { newPassword } from '../lambdas/config/secrets.ts';
import { rehearsedSecret } from './application/secret.ts';
import { refuseArtifacts, removeArtifacts } from './artifacts.ts';
import { bindingsOf, madeLogin } from './bindings.ts';
import type { Hooks, RunnerContext } from './context.ts';
import { failingOver } from './failover.ts';
import { type Fixes, fixSchema } from './fixes.ts';
import { ExecutionRegistry } from './machines/registry.ts';
import { synthesizeMachines } from './machines/synthesize.ts';
import type { RehearsalOptions } from './options.ts';
import { perform } from './perform.ts';
import { prepare } from './prepare.ts';
import type { Report } from './report.ts';
import { Runner } from './runner.ts';
import { openSides, type Sides } from './sides.ts';
import { startWatch } from './watch.ts';
import { withoutOwnTables } from './workload/own-subjects.ts';

/** @throws whatever leaves the outcome unknown: a server that does not start, a dump that does not load, an interruption */
export async function rehearse(options: RehearsalOptions, hooks: Hooks): Promise<Report> {
  const { progress, signal } = hooks;
  const machines = synthesizeMachines();
  signal?.throwIfAborted();
  progress.say(opening(options));
  const sides = await openSides(options, { parameters: hooks.targetParameters, edge: hooks.edge });
  try {
    signal?.throwIfAborted();
    return await onOpenSides(options, options.failover ? failingOver(hooks) : hooks, sides, machines);
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

async function onOpenSides(options: RehearsalOptions, hooks: Hooks, sides: Sides, machines: RunnerContext['machines']): Promise<Report> {
  const isUsersOwn = !sides.servers.source || !sides.servers.target;
  if (isUsersOwn) await refuseArtifacts(sides);
  const applicationLogin = madeLogin(newPassword());
  const secret = rehearsedSecret(sides.application, sides.loginIsMade ? applicationLogin : undefined);
  const places = bindingsOf(sides, secret, applicationLogin);
  try {
    const { subjects, passedOver, input } = await prepare(options, hooks.progress, sides);
    const registry = new ExecutionRegistry();
    const context = {
      options: { ...options, input: { ...options.input, ...input } },
      hooks,
      sides,
      subjects,
      passedOver,
      secret,
      places,
      machines,
      registry,
      watch: () => startWatch(places),
    };
    const fixes = options.schemaFixes ? await fixed(context) : undefined;
    const report = await perform({ ...context, fixes }, new Runner(context));
    await hooks.beforeEnd?.(sides, report);
    return report;
  } finally {
    if (isUsersOwn) {
      hooks.progress.say('Removing what the rehearsal made');
      await removeArtifacts(sides, machines.Cleanup, places);
    }
  }
}

/** In executions of their own, which are not counted. */
async function fixed(context: RunnerContext): Promise<Fixes> {
  const { sides, hooks, subjects } = context;
  hooks.progress.say('Doing what Preflight asks for');
  await sides.passByPolicies();
  const runner = new Runner(context);
  return fixSchema({
    sides,
    progress: hooks.progress,
    preflight: (input) => runner.run('Preflight', { forecastSeconds: 0, ...withoutOwnTables(subjects), ...input }),
  });
}
