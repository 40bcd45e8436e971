import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const s3Setup = fileURLToPath(new URL('e2e/src/s3-setup.ts', import.meta.url))

/** One for each app and library, by its name; that of S3 is tested on a real server. */
const rooms = globSync('{apps,libs}/*', { cwd: import.meta.dirname }).map((root) => {
  const { name } = JSON.parse(readFileSync(`${import.meta.dirname}/${root}/package.json`, 'utf8')) as { name: string }
  return { test: { name, root, ...(root === 'libs/storage-s3' && { globalSetup: [s3Setup] }) } }
})

export default defineConfig({
  test: {
    // They end what hangs, and judge no machine: tests whose subject is time say so themselves.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    projects: [
      ...rooms,
      { test: { name: 'tools', include: ['tools/**/*.test.ts'] } },
      // Real processes and clients, one file at a time: they share two cores, and each expects to be alone.
      {
        test: {
          name: 'e2e',
          include: ['e2e/src/**/*.test.ts'],
          exclude: ['e2e/src/s3/**'],
          fileParallelism: false,
          testTimeout: 300_000,
        },
      },
      // The same where the registry is services of its own; what is so of these alone is above.
      {
        test: {
          name: 'e2e-split',
          include: [
            'e2e/src/{flow-player,bad-input}/*.test.ts',
            'e2e/src/{durability,in-place,memory,real-clients,schema1}.test.ts',
          ],
          env: { BERTH_TOPOLOGY: 'split' },
          fileParallelism: false,
          testTimeout: 300_000,
        },
      },
      // The same on a bucket of a real S3 server, and what is so on one alone.
      {
        test: {
          name: 'e2e-s3',
          include: [
            'e2e/src/{flow-player,bad-input,split,s3}/*.test.ts',
            'e2e/src/{durability,in-place,memory,real-clients}.test.ts',
          ],
          env: { BERTH_STORAGE: 's3' },
          globalSetup: [s3Setup],
          fileParallelism: false,
          testTimeout: 300_000,
        },
      },
    ],
    coverage: {
      provider: 'v8',
      include: ['apps/*/src/**/*.ts', 'libs/*/src/**/*.ts'],
      exclude: ['**/*.test.ts', '**/src/suite/**'],
      reporter: ['text-summary', 'lcovonly'],
    },
  },
})
