/** Walks through our own code on two sides in memory: thousands of orders of crash, retry, abort, Recovery and lost answer. */
import fc from 'fast-check';
import { describe, it, vi } from 'vitest';
import { memoryStage } from './memory-stage.ts';
import { HANGS_AFTER_MS, runsOf } from './runs.ts';
import { walk, walks } from './walk.ts';

vi.mock('../../lambdas/sql/gates.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/sql/heartbeat.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/sql/waits.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/sql/slots.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/sql/slot-births.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/sql/senders.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/sql/subscriptions.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/sql/subscribers.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/sql/publications.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/sql/roles.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/sql/sessions.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/sql/sequences.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/sql/client-sessions.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/sql/lock-holders.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/sql/session-role.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/sql/trust.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/sql/own-schema.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/sql/held-keys.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/sql/worker-pins.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/sql/extension-rows.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/sql/cron-jobs.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/sql/server-identity.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
// Nothing here takes time, so what is tried again is tried once more, and no password is stretched.
vi.mock('../../lambdas/switch/patience.ts', () => ({
  patiently: async <Result>(_: unknown, work: () => Promise<Result>): Promise<Result> => work().catch(() => work()),
}));
vi.mock('../../lambdas/scram.ts', () => ({ scramVerifier: () => 'SCRAM' }));

const WALKS = 4_000;

describe('every order of crash, retry, abort, Recovery and lost answer, in memory', () => {
  it('leaves one side that serves, the secret leading there, and nothing lost (#9.2)', { timeout: HANGS_AFTER_MS }, async () => {
    await fc.assert(
      fc.asyncProperty(walks(10), (happenings) => walk(memoryStage(), happenings)),
      runsOf(WALKS),
    );
  });
});
