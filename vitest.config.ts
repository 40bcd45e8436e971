import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: ['apps/*', 'libs/*'],
    coverage: {
      provider: 'v8',
      include: ['apps/*/src/**/*.ts', 'libs/*/src/**/*.ts'],
      exclude: ['**/*.test.ts', '**/src/suite/**'],
      reporter: ['text-summary', 'lcovonly'],
    },
  },
})
