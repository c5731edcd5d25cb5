/** What ConfigureTarget is going to do, as the checks see it before. */
import { CannotConnect, TransientError } from '../../config/errors.ts';
import type { PlanetScaleView } from '../../ports/planetscale.ts';
import { lookAtTarget, planFor, type TargetPlan, type TargetPorts, type TargetView } from '../../target/plan.ts';

/** The plan; that there is no token, so that nothing will be done; or why the plan could not be made. */
export type Planned =
  | { readonly kind: 'no token' }
  | { readonly kind: 'planned'; readonly view: TargetView; readonly plan: TargetPlan }
  | {
      readonly kind: 'unseen';
      readonly error: unknown;
      /** Whether it was PlanetScale's API that failed. */
      readonly byApi: boolean;
    };

/** The same view, which remembers what its calls have thrown. */
function remembering({ configured, branch, parameters, changes, roles }: PlanetScaleView, failures: unknown[]): PlanetScaleView {
  const watched =
    <Answer>(ask: () => Promise<Answer>) =>
    () =>
      ask().catch((error: unknown) => {
        failures.push(error);
        throw error;
      });
  return { configured, branch: watched(branch), parameters: watched(parameters), changes: watched(changes), roles: watched(roles) };
}

/**
 * Never fails because of the API: one that is down must not keep all other checks from answering.
 * @throws TransientError, CannotConnect where a database cannot be reached
 */
export async function planTarget(ports: TargetPorts): Promise<Planned> {
  if (!ports.planetscale.configured) return { kind: 'no token' };
  const failures: unknown[] = [];
  try {
    const view = await lookAtTarget({ ...ports, planetscale: remembering(ports.planetscale, failures) });
    return { kind: 'planned', view, plan: planFor(view, ports.input) };
  } catch (error) {
    const byApi = failures.includes(error);
    if (!byApi && (error instanceof TransientError || error instanceof CannotConnect)) throw error;
    return { kind: 'unseen', error, byApi };
  }
}

/** Name of the setting in words such as `max_worker_processes = 2, 4 needed`. */
export const settingIn = (words: string): string => words.replace(/^target: /, '').split(' ', 1)[0] ?? '';
