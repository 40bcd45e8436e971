import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const s3Setup = fileURLToPath(new URL('e2e/src/s3-setup.ts', import.meta.url))

/** One for each app and library, by its name; that of S3 is tested on a real server. */
const rooms = globSync('{apps,libs}/*', { cwd: import.meta.dirname }).map((root) => {
  const { name } = JSON.parse(readFileSync(`${import.meta.dirname}/${root}/package.json`, 'utf8')) as { name: string }
  return { test: { name, root, ...(root === 'libs/storage-s3' && { globalSetup: [s3Setup] }) } }
})

/** Real processes and clients, one file at a time: they share two cores, and each expects to be alone. */
const e2e = { fileParallelism: false, testTimeout: 300_000 }

/** What is so of one process and of services, and wherever they keep what they keep. */
const ofAnyRegistry = [
  'e2e/src/{flow-player,bad-input}/*.test.ts',
  'e2e/src/{durability,in-place,memory,real-clients,schema1}.test.ts',
]

export default defineConfig({
  test: {
    // They end what hangs, and judge no machine: tests whose subject is time say so themselves.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    projects: [
      ...rooms,
      { test: { name: 'tools', include: ['tools/**/*.test.ts'] } },
      {
        test: {
          ...e2e,
          name: 'e2e',
          include: ['e2e/src/**/*.test.ts'],
          exclude: ['e2e/src/s3/**'],
        },
      },
      // The same where the registry is services of its own; what is so of these alone is above.
      {
        test: {
          ...e2e,
          name: 'e2e-split',
          include: ofAnyRegistry,
          env: { BERTH_TOPOLOGY: 'split' },
        },
      },
      // The same on a bucket of a real S3 server, and what is so on one alone.
      {
        test: {
          ...e2e,
          name: 'e2e-s3',
          include: [...ofAnyRegistry, 'e2e/src/{split,s3}/*.test.ts', 'e2e/src/tracing.test.ts'],
          env: { BERTH_STORAGE: 's3' },
          globalSetup: [s3Setup],
        },
      },
      // The same as services on a bucket that clients are not sent to.
      {
        test: {
          ...e2e,
          name: 'e2e-s3-split',
          include: ofAnyRegistry,
          env: { BERTH_STORAGE: 's3', BERTH_TOPOLOGY: 'split', BERTH_REDIRECT: 'off' },
          globalSetup: [s3Setup],
        },
      },
    ],
    coverage: {
      provider: 'v8',
      // Matched within each room's own directory.
      include: ['src/**/*.ts'],
      exclude: ['**/*.test.ts', '**/src/suite/**'],
      reporter: ['text-summary', 'lcovonly'],
    },
  },
})
