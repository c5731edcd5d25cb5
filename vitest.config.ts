import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/sequencer.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/temp-storage.ts',
    setupFiles: 'test/support/use-temp-storage.ts',
    // Half of what a short pg_dump costs is optimising WebAssembly for a run that is over by then.
    execArgv: ['--liftoff-only'],
    sequence: { sequencer: LongestFirst },
    // A file keeps about one core busy, with its servers: three leave none of two idle, and more only prolong what is paid for by the second,
    // such as writers and those who wait. The default would be one.
    maxWorkers: 3,
    // Limits end a hang and measure nothing: a machine that others use as well may take several times as long for a test as an idle one.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 300_000 } },
  },
});
