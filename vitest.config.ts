import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The machine mostly waits for servers, so three files at a time keep two cores busy; the default would be one.
    maxWorkers: 3,
    // Real servers start within a second; the limits are there to end a hang, not to measure anything.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
