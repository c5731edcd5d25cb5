/** CheckCutover and CheckRollback, which differ only in the direction, the checks and the error. */
import type { Direction } from '../../config/direction.ts';
import { CannotConnect, TransientError } from '../../config/errors.ts';
import type { SideName } from '../../config/side-name.ts';
import type { Acting, Verdict } from '../../engine/contract.ts';
import { refuseBesideOlder } from '../../engine/single-execution.ts';
import type { Reader } from '../../ports/database.ts';
import type { Finding } from '../finding.ts';
import { evidenceOf, hasBlocker, logFindings } from '../report.ts';
import { findAll } from '../run.ts';
import { loadSwitchContext, type Needs, type SwitchCheck, type SwitchLooking } from './context.ts';
import { type LagSamples, lagSamplesOf, takeLagSamples } from './lag-samples.ts';
import { serving } from './serving.ts';

export const CHECK_NEEDS = [
  'executions',
  'source',
  'target',
  'replication',
  'applicationView',
  'functions',
] as const satisfies readonly Needs[];

export interface Seen {
  /** Undefined until the lag samples were taken. */
  readonly findings: readonly Finding[] | undefined;
  readonly lagSamples: Pick<LagSamples, 'good'> | undefined;
}

interface Kind {
  readonly direction: Direction;
  readonly checks: readonly SwitchCheck[];
  /** @throws always */
  refuse(findings: readonly Finding[]): never;
}

/** Changes nothing on either side but markers in our own table on the side that serves. */
export const checking = ({ direction, checks, refuse }: Kind) => ({
  needs: CHECK_NEEDS,
  memoryMb: 1024, // it holds both schemas: 176 MB with 2,000 tables, 283 with 10,000
  interrupted: 'Nothing but markers in our own table was written: nothing was fenced, and nothing was switched.',

  async inspect(ctx: SwitchLooking): Promise<Seen> {
    await refuseBesideOlder(ctx.executions);
    const seen = (findings: readonly Finding[], lagSamples?: Seen['lagSamples']): Seen => {
      logFindings(ctx.log, findings);
      return { findings, lagSamples };
    };
    const unreachable = await outOfReach(direction.to, ctx[direction.to]);
    if (unreachable.length > 0) return seen(unreachable);
    const context = await loadSwitchContext(direction, ctx);
    const elsewhere = await findAll([serving], context);
    if (elsewhere.length > 0) return seen(elsewhere);
    const lagSamples = await lagSamplesOf(context);
    if (lagSamples.outstanding) return { findings: undefined, lagSamples };
    return seen(await findAll(checks, context), lagSamples);
  },

  judge({ findings }: Seen): Verdict {
    if (!findings) return 'todo';
    return hasBlocker(findings) ? refuse(findings) : 'done';
  },

  async act(ctx: Acting<Needs>): Promise<void> {
    await ctx.functions.wake(); // it may take minutes, after which lag samples would be old; whether they can be called is a check
    await takeLagSamples(direction, ctx);
  },

  evidence: ({ findings, lagSamples }: Seen) => ({ ...evidenceOf(findings ?? []), lagIsGood: lagSamples?.good ?? false }),
});

/** The streams cannot be judged without both sides, so a side out of reach is then the only finding. */
async function outOfReach(side: SideName, reader: Reader): Promise<Finding[]> {
  try {
    await reader.version();
    return [];
  } catch (error) {
    if (!(error instanceof TransientError || error instanceof CannotConnect)) throw error;
    return [
      {
        code: 'OutOfReach',
        severity: 'blocker',
        objects: [side],
        message: `The ${side} cannot be reached, so no switch is possible: ${error.message}`,
        remedy: 'Bring it back within reach, then start again. What is written meanwhile waits for it.',
      },
    ];
  }
}
