import { defineConfig } from 'vitest/config';

/** Unit tests share one process per thread (fast); the others start processes and listen on sockets, one file at a time. */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['src/**/*.test.ts', 'tools/**/*.test.ts'], pool: 'threads', isolate: false, testTimeout: 30_000 } },
      { test: { name: 'contract', include: ['test/contract/**/*.test.ts', 'test/conformance/**/*.test.ts'], testTimeout: 120_000 } },
      { test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], globalSetup: ['test/support/build-cli.ts'], fileParallelism: false, testTimeout: 180_000, hookTimeout: 120_000 } },
      { test: { name: 'real', include: ['test/real/**/*.test.ts'], fileParallelism: false, testTimeout: 300_000, hookTimeout: 300_000 } },
    ],
  },
});
