/** What the compiler holds. Each `@ts-expect-error` fails the type check if the line below it were accepted. */
import { describe, expectTypeOf, it } from 'vitest';
import type { Environment } from '../../../lambdas/config/environment.ts';
import type { StepEvent, StepResult } from '../../../lambdas/engine/contract.ts';
import { defineStep } from '../../../lambdas/engine/step.ts';
import type { ClusterView } from '../../../lambdas/ports/cluster.ts';
import type { Need, Ports, Views } from '../../../lambdas/ports/ports.ts';
import { statement } from '../../../lambdas/postgres/quote.ts';

const look = statement('select 1');

describe('the contract of a step', () => {
  it('provides the ports that its needs name, and no others', () => {
    const step = defineStep({
      needs: ['source'],
      interrupted: 'Nothing was changed.',
      async inspect(ctx): Promise<null> {
        expectTypeOf(ctx.source.query).toBeFunction();
        // @ts-expect-error the target is not among the needs
        expectTypeOf(ctx.target).toBeNever;
        return null;
      },
      judge: () => 'done',
      async act(ctx) {
        expectTypeOf(ctx.source.transaction).toBeFunction();
        // @ts-expect-error the cluster is not among the needs
        expectTypeOf(ctx.clusterReboot).toBeNever;
      },
      evidence: () => null,
    });
    expectTypeOf(step.needs).toEqualTypeOf<readonly 'source'[]>();
  });

  it('lets a step act only where it says what an act leaves that was cut off', () => {
    const look = { needs: [] as const, inspect: async () => null, judge: () => 'done' as const, evidence: () => null };
    defineStep(look);
    defineStep({ ...look, interrupted: 'Nothing was changed.', act: async () => undefined });
    // @ts-expect-error it acts and says nothing
    defineStep({ ...look, act: async () => undefined });
  });

  it('has read-only ports for inspecting', () => {
    expectTypeOf<Views>().toHaveProperty('source').not.toHaveProperty('transaction');
    expectTypeOf<Views>().toHaveProperty('target').not.toHaveProperty('session');
    expectTypeOf<Views['cluster'] | Views['clusterReboot']>().toEqualTypeOf<ClusterView>();
    type Changing = 'addTags' | 'removeTags' | 'setParameters' | 'modify' | 'setPublic' | 'reboot';
    expectTypeOf<Extract<keyof Views['clusterSetup'] | keyof Views['clusterRestore'] | keyof ClusterView, Changing>>().toBeNever();
    expectTypeOf<keyof Views>().toEqualTypeOf<Need>();
  });

  it('has one port for each way of changing the cluster', () => {
    expectTypeOf<Ports['cluster']>().toEqualTypeOf<ClusterView>();
    expectTypeOf<Ports['clusterSetup']>().not.toHaveProperty('reboot');
    expectTypeOf<Ports['clusterSetup']>().not.toHaveProperty('removeTags');
    expectTypeOf<Ports['clusterRestore']>().not.toHaveProperty('reboot');
    expectTypeOf<Ports['clusterRestore']>().not.toHaveProperty('addTags');
    expectTypeOf<Ports['clusterReboot']>().not.toHaveProperty('modify');
  });

  it('restricts evidence to JSON', () => {
    defineStep({
      needs: ['source'],
      inspect: async () => new Map<string, number>(),
      judge: () => 'done',
      // @ts-expect-error a Map is no JSON
      evidence: (seen) => seen,
    });
  });

  it('accepts a whole event, and keeps a result that a Choice state can read', () => {
    expectTypeOf<StepEvent['polls']>().toEqualTypeOf<boolean>();
    expectTypeOf<StepResult['verdict']>().toEqualTypeOf<'pending' | 'done'>();
    expectTypeOf<Environment['STEP']>().toEqualTypeOf<string | undefined>();
    expectTypeOf(look.text).toEqualTypeOf<string>();
  });
});
