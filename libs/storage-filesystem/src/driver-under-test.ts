import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ByteBudget } from '@berth/bytes'
import type { Logger } from '@berth/errors'
import { FilesystemDriver, type FilesystemDriverOptions } from './filesystem-driver.ts'

const ignore = (): void => {}
export const silentLog: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore }

/** A driver, for tests, on a directory of its own that goes when it is closed. */
export async function openInTemporaryDirectory(options: Partial<FilesystemDriverOptions> = {}) {
  const rootDirectory = await makeTemporaryDirectory()
  const budget = options.budget ?? new ByteBudget(16 * 1024 * 1024)
  const driver = await FilesystemDriver.open({ rootDirectory, budget, log: silentLog, ...options })
  const close = async (): Promise<void> => {
    await driver.close()
    await rm(rootDirectory, { recursive: true, force: true })
  }
  return { driver, rootDirectory, budget, close }
}

export async function makeTemporaryDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'berth-storage-'))
}
