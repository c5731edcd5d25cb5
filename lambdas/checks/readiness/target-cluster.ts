/**
 * PlanetScale's cluster: what ConfigureTarget will change there, and what it cannot; without a token, what a person has to set. Nothing is changed by
 * looking.
 */
import { CannotConnect, InvalidConfiguration, TransientError } from '../../config/errors.ts';
import type { Branch } from '../../ports/planetscale.ts';
import { needsOf } from '../../target/needs.ts';
import { DISK, describe, type TargetPlan, type TargetView } from '../../target/plan.ts';
import { serverOf } from '../../target/server.ts';
import type { NotInForce, Obstacle } from '../../target/setting.ts';
import { KINDS } from '../../target/settings.ts';
import { suffices } from '../../target/values.ts';
import { workOf } from '../../target/work.ts';
import { blocker, type Finding, warning } from '../finding.ts';
import { targetWorkers } from './capacity.ts';
import type { CheckContext, ReadinessCheck } from './context.ts';
import { slotOfTheWayBack } from './slot-survival.ts';
import { settingIn } from './target-plan.ts';
import { wayBackRoom } from './way-back.ts';

export const targetCluster: ReadinessCheck = {
  name: "PlanetScale's cluster",
  async find(ctx) {
    const planned = await ctx.targetPlan();
    if (planned.kind === 'no token') return toConfigure(ctx);
    if (planned.kind === 'unseen') return unseen(planned);
    const { plan, view } = planned;
    return [
      ...willChange(plan),
      ...cannotBeChanged(plan.obstacles.filter(({ what }) => what !== DISK)),
      ...notInForce(plan),
      ...notReady(view.branch, plan),
      ...(await inAnotherRegion(view.branch, ctx)),
      ...addresses(view),
    ];
  },
};

function willChange(plan: TargetPlan): readonly Finding[] {
  const restarts = plan.changes.some((change) => change.restarts);
  return warning({
    code: 'TargetWillChange',
    objects: describe(plan),
    message:
      'ConfigureTarget, the first step of Replicate, will change this at PlanetScale. Cleanup puts it back, but for the disk, which cannot shrink, and what ' +
      'somebody changes meanwhile.',
    remedy:
      (restarts
        ? 'The cluster is restarted, which ends every connection to it; whom that would hit is looked at again just before, and nobody who is served is cut off ' +
          'without {"restart": "now"}. '
        : '') +
      'Nothing has to be done. The token has to have the accesses that change a cluster and make roles, which looking does not show.',
  });
}

/** Each obstacle has a remedy of its own, so all remedies are told, each once. */
function cannotBeChanged(obstacles: readonly Obstacle[]): readonly Finding[] {
  const told = (found: readonly Obstacle[]) => ({
    objects: found.map(({ what }) => what),
    remedy: [...new Set(found.map(({ remedy }) => remedy))].join(' '),
  });
  return [
    ...blocker({
      code: 'TargetCannotRun',
      message: 'The target cannot run the migration as it is, and ConfigureTarget could not change that.',
      ...told(obstacles.filter(({ isRequired }) => isRequired)),
    }),
    ...warning({
      code: 'TargetStaysAsItIs',
      message: 'The migration runs with these settings of the target, and would do better with others, which ConfigureTarget will not set.',
      ...told(obstacles.filter(({ isRequired }) => !isRequired)),
    }),
  ];
}

/** ConfigureTarget waits for a change that is under way, so until it has ended nothing of it is wrong. */
function notInForce({ notInForce: all, underWay }: TargetPlan): readonly Finding[] {
  const blocks = ({ isRequired }: NotInForce): boolean => isRequired && !underWay;
  const tell = ({ name, configured, server }: NotInForce): string => `${name}: ${configured} at PlanetScale, ${server} on the server`;
  const message = 'PlanetScale has these settings as the migration needs them, and the server runs with others.';
  return [
    ...blocker({
      code: 'TargetNotInForce',
      objects: all.filter(blocks).map(tell),
      message: `${message} It cannot run without them.`,
      remedy: 'Restart the cluster at PlanetScale, or ask its support.',
    }),
    ...warning({
      code: 'TargetNotYetInForce',
      objects: all.filter((one) => !blocks(one)).map(tell),
      message,
      remedy: underWay ? 'Nothing, as a change is under way.' : 'Restart the cluster at PlanetScale, where you want them.',
    }),
  ];
}

const notReady = ({ isReady, state }: Branch, { underWay }: TargetPlan): readonly Finding[] =>
  warning({
    code: 'TargetNotReady',
    objects: [
      ...(isReady ? [] : [`branch: ${state}`]),
      ...(underWay ? [`change ${underWay.id} by ${underWay.actor}: ${underWay.state}`] : []),
    ],
    message: 'Replicate begins by waiting until the branch is ready and no change of its cluster is under way.',
    remedy: 'Nothing, if it will pass. A branch that sleeps has to be woken at PlanetScale.',
  });

/** PlanetScale's names of AWS's regions are shorter (`us-east` for us-east-1), or have a prefix (`aws-us-east-2`). */
const isSame = (slug: string, region: string): boolean => {
  const name = slug.replace(/^aws-/, '');
  return region === name || (!/-\d+$/.test(name) && new RegExp(`^${name.replace(/[^a-z0-9-]/g, '')}-\\d+$`).test(region));
};

async function inAnotherRegion({ region }: Branch, { cluster }: CheckContext): Promise<readonly Finding[]> {
  const own = (await cluster.describe())?.arn.split(':')[3];
  return warning({
    code: 'RegionsDiffer',
    objects: own === undefined || own === '' || region === '' || isSame(region, own) ? [] : [`${own} to ${region}`],
    message:
      'The cluster and the branch are in different regions, so every statement of the copy, and of an application that stays where it is, travels between them.',
    remedy: 'Make the PlanetScale database in the region of the cluster, or of the application that is to use it; or accept it.',
  });
}

const addresses = ({ branch, work }: TargetView): readonly Finding[] =>
  warning({
    code: 'TargetAddresses',
    objects: branch.addresses,
    message: `PlanetScale connects to the source from these addresses${work.way === 'parts' ? ', for changes' : ''}.`,
    remedy:
      "Nothing, where the deployment makes the way in: ConfigureSource lets them in, in the stack's own security group, and Cleanup takes them out. With a way in " +
      'of your own (access), let them in yourself.',
  });

/** @throws where it was not the API that failed, or it failed for an unknown reason */
function unseen({ error, byApi }: { readonly error: unknown; readonly byApi: boolean }): readonly Finding[] {
  if (byApi && error instanceof TransientError) {
    return warning({
      code: 'PlanetScaleOutOfReach',
      objects: ['api.planetscale.com'],
      message: `PlanetScale's API did not answer, so what ConfigureTarget would change is not known, and the target was judged as it is: ${error.message}`,
      remedy: 'Start again to know it beforehand. Replicate asks the API first of all, and goes no further without an answer.',
    });
  }
  if (byApi && (error instanceof InvalidConfiguration || error instanceof CannotConnect)) {
    return blocker({
      code: 'TokenRefused',
      objects: ["PlanetScale's API"],
      message: `The token may not do what the migration needs, or does not lead to the branch: ${error.message}`,
      remedy:
        'Give it the access that is named (PlanetScale: Settings → Service tokens), or correct the settings of the deployment; then start again.',
    });
  }
  throw error;
}

const RELOADED: ReadonlySet<string> = new Set([
  'max_sync_workers_per_subscription',
  'max_slot_wal_keep_size',
  'hot_standby_feedback',
  'sync_replication_slots',
]);

/** Without a token. What other checks ask for is left to them. */
async function toConfigure(ctx: CheckContext): Promise<readonly Finding[]> {
  const { source, target, input } = ctx;
  const work = await workOf(source, input);
  const { version, settings, use, disturbed } = await serverOf(target, source, work);
  const needs = needsOf({ work, version, settings, use, diskBytes: undefined, hasBegun: disturbed.copyHasBegun });
  const told = new Set<string>();
  for (const check of [targetWorkers, wayBackRoom, slotOfTheWayBack])
    for (const { objects } of await check.find(ctx)) for (const object of objects) told.add(settingIn(object));
  return warning({
    code: 'TargetToConfigure',
    objects: needs
      .filter(({ name, enough }) => !told.has(name) && !suffices(KINDS[name], settings.get(name), enough))
      .map(
        ({ name, to, why }) => `${name} ${settings.get(name) ?? 'unknown'} → ${to}${RELOADED.has(name) ? '' : ' (restart)'}, for ${why}`,
      ),
    message:
      'Without a token of PlanetScale nothing is set there. With these settings the target would have all that the migration can use.',
    remedy:
      'Set them under Clusters → Parameters before the copy, since a restart ends every connection; or give the deployment a token ' +
      '(planetscaleTokenSecretArn), with which Replicate does it.',
  });
}
