import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      'apps/*',
      'libs/*',
      { test: { name: 'tools', include: ['tools/**/*.test.ts'] } },
      // Real processes and clients, one file at a time: they share two cores, and each expects to be alone.
      { test: { name: 'e2e', include: ['e2e/src/**/*.test.ts'], fileParallelism: false, testTimeout: 120_000 } },
    ],
    coverage: {
      provider: 'v8',
      include: ['apps/*/src/**/*.ts', 'libs/*/src/**/*.ts'],
      exclude: ['**/*.test.ts', '**/src/suite/**'],
      reporter: ['text-summary', 'lcovonly'],
    },
  },
})
