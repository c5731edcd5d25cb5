import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/sequencer.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/ground.ts',
    setupFiles: 'test/support/use-ground.ts',
    // Half of what a short pg_dump costs is optimising WebAssembly for a run that is over by then.
    execArgv: ['--liftoff-only'],
    sequence: { sequencer: LongestFirst },
    // Test files mostly wait for servers, so four at a time keep two cores busy; the default would be one.
    maxWorkers: 4,
    // Real servers start within a second; the limits are there to end a hang, not to measure anything.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
