import { ByteBudget } from '@berth/bytes'
import type { Config, Lifecycle, ProcessLogger } from '@berth/process'
import type { SendingDriver, StorageDriver } from '@berth/storage'
import { MemoryDriver } from '@berth/storage/memory'
import { openTree, readOrMakeSecret } from '@berth/storage-filesystem'

/** What all buffers of the process may have at a time. */
const bufferBudget = 64 * 1024 * 1024

export interface OpenedStorage {
  readonly driver: StorageDriver & SendingDriver
  /** Where it is, if it is anywhere. */
  readonly rootDirectory: string | undefined
  /** Signs upload tokens where the configuration has no key. */
  readonly secret: Uint8Array
  /** Removes what writes left that were cut off by the end of a process. */
  purgeTemporary(olderThanMs: number): Promise<number>
}

/** Opens the storage that is configured, and owns its tree. */
export async function openStorage(
  config: Config['storage'],
  lifecycle: Lifecycle,
  log: ProcessLogger,
): Promise<OpenedStorage> {
  if (config.driver.name === 'inmemory') {
    const secret = crypto.getRandomValues(new Uint8Array(32))
    return {
      driver: lifecycle.own(new MemoryDriver()),
      rootDirectory: undefined,
      secret,
      purgeTemporary: async () => 0,
    }
  }
  const { driver, rootDirectory } = lifecycle.own(
    await openTree({
      rootDirectory: config.driver.rootDirectory,
      owner: 'berth',
      mode: 'exclusive',
      budget: new ByteBudget(bufferBudget),
      log,
    }),
  )
  return {
    driver,
    rootDirectory,
    secret: await readOrMakeSecret(rootDirectory),
    purgeTemporary: (olderThanMs) => driver.purgeTemporary(olderThanMs),
  }
}
