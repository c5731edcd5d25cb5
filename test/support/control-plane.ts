/** A step against a control plane, where no database takes part. */
import { parseInput } from '../../lambdas/config/input.ts';
import type { Json } from '../../lambdas/config/json.ts';
import type { StepResult } from '../../lambdas/engine/contract.ts';
import type { StepName } from '../../lambdas/engine/machines.ts';
import { runStep, type Surroundings } from '../../lambdas/engine/step.ts';
import type { Cluster } from '../../lambdas/ports/cluster.ts';
import type { Log } from '../../lambdas/ports/log.ts';
import { type PlanetScaleView, WITHOUT_TOKEN } from '../../lambdas/ports/planetscale.ts';
import type { Need } from '../../lambdas/ports/ports.ts';
import { stepNamed } from '../../lambdas/steps/index.ts';

const silent: Log = { info: () => {}, warn: () => {} };

/** One visit. @param previous result of the visit before */
/** A source that streams: what RDS says is what is so. */
const STREAMS = { query: async () => [{ walLevel: 'logical', slots: 20, slotsOfOthers: 0, senders: 20, sendersOfOthers: 0 }] };

export function visitOn(
  cluster: Cluster,
  step: StepName,
  previous?: StepResult,
  planetscale: PlanetScaleView = WITHOUT_TOKEN.planetscale,
): Promise<StepResult> {
  const ports = {
    planetscale,
    source: STREAMS,
    clusterSetup: cluster,
    clusterRestore: cluster,
    clusterReboot: cluster,
    clusterAccess: cluster,
    cluster,
  };
  const surroundings = {
    input: parseInput({}),
    looking: ports,
    acting: ports,
    remainingMs: () => 60_000,
    log: silent,
    now: Date.now,
  } as unknown as Surroundings<Need>;
  return runStep(step, stepNamed(step), { state: previous ? { [step]: previous } : {}, execution: 'test' }, surroundings);
}

export type Evidence = Readonly<Record<string, Json>>;

/** Visits until the step is done, at most ten times. */
export async function untilDoneOn(
  cluster: Cluster,
  step: StepName,
  planetscale?: PlanetScaleView,
): Promise<StepResult & { readonly evidence: Evidence }> {
  let last: StepResult | undefined;
  for (let visits = 0; visits < 10; visits += 1) {
    last = await visitOn(cluster, step, last, planetscale);
    if (last.verdict === 'done') return last as StepResult & { evidence: Evidence };
  }
  throw new Error(`${step} was still pending: ${JSON.stringify(last)}`);
}
