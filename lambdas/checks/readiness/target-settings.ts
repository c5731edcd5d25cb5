/** Settings of the target as they will be when ConfigureTarget has done its work, by which the checks judge it. */
import { prospectOf } from '../../target/plan.ts';
import type { CheckContext } from './context.ts';
import { type Values, valuesOf } from './settings.ts';
import { settingIn } from './target-plan.ts';

export interface SettingsToCome {
  /** As they will be when ConfigureTarget has done its work; as they are where it will do none, or nothing is known of it. */
  readonly values: Values;
  /** Settings that `target-cluster.ts` tells of, so that no other check does. */
  readonly told: ReadonlySet<string>;
}

/** @throws TargetNotKnown where the target has no login */
export async function targetSettings({ target, targetPlan }: CheckContext, names: readonly string[]): Promise<SettingsToCome> {
  const values = await valuesOf(target, names);
  const planned = await targetPlan();
  if (planned.kind !== 'planned') return { values, told: new Set() };
  const { plan } = planned;
  return {
    values: prospectOf(plan, values),
    told: new Set([...plan.obstacles.map(({ what }) => settingIn(what)), ...plan.notInForce.map(({ name }) => name)]),
  };
}
