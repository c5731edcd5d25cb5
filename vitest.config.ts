import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real servers start within a second; the limit is there to end a hang, not to measure anything.
    // The machine mostly waits for servers, so three files at a time keep two cores busy; the default would be one.
    maxWorkers: 3,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
