/** Walks through our own code on two sides in memory: thousands of orders of crash, retry, abort, Recovery and lost answer. */
import fc from 'fast-check';
import { describe, it, vi } from 'vitest';
import { memoryContext } from './memory-context.ts';
import { HANGS_AFTER_MS, runsOf } from './runs.ts';
import { walk, walks } from './walk.ts';

vi.mock('../../lambdas/state/gates.sql.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/state/heartbeat.sql.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/switch/waits.sql.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/replication/slots.sql.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/state/slot-incarnations.sql.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/replication/walsenders.sql.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/replication/subscriptions.sql.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/state/subscribers.sql.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/replication/publications.sql.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/postgres/roles.sql.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/postgres/sessions.sql.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/sequences/sequences.sql.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/switch/client-sessions.sql.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/postgres/lock-holders.sql.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/postgres/session-role.sql.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/state/trust.sql.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/state/own-schema.sql.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/state/held-force.sql.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/state/held-keys.sql.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/state/worker-pins.sql.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/extensions/extension-rows.sql.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/extensions/cron-jobs.sql.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
vi.mock('../../lambdas/state/server-identity.sql.ts', async (original) => (await import('./tagged.ts')).tagged(await original()));
// Nothing here takes time, so what is tried again is tried once more, and no password is stretched.
vi.mock('../../lambdas/switch/timing.ts', async (original) => ({
  ...(await original<typeof import('../../lambdas/switch/timing.ts')>()),
  retryTransient: async <Result>(_: unknown, work: () => Promise<Result>): Promise<Result> => work().catch(() => work()),
}));
vi.mock('../../lambdas/postgres/scram.ts', () => ({ scramVerifier: () => 'SCRAM' }));

const WALKS = 4_000;

describe('every order of crash, retry, abort, Recovery and lost answer, in memory', () => {
  it('leaves one serving side, the secret leading there, and nothing lost (#9.2)', { timeout: HANGS_AFTER_MS }, async () => {
    await fc.assert(
      fc.asyncProperty(walks(10), (happenings) => walk(memoryContext(), happenings)),
      runsOf(WALKS),
    );
  });
});
