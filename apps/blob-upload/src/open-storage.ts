import { ByteBudget } from '@berth/bytes'
import type { Check, Lifecycle, Metrics, ProcessLogger } from '@berth/process'
import type { RedirectingDriver, SendingDriver, StorageDriver } from '@berth/storage'
import { openTree } from '@berth/storage-filesystem'
import type { BlobNodeConfig } from './config.ts'

/** What all buffers of the process may have at a time. */
const bufferBudget = 64 * 1024 * 1024

export interface OpenedStorage {
  readonly driver: StorageDriver & Partial<SendingDriver> & Partial<RedirectingDriver>
  /** Where it is. */
  readonly root: string
  /** What the process cannot be sent requests without. */
  readonly needs: readonly Check[]
  /** Removes what writes left that were cut off by the end of a process. */
  purgeTemporary(olderThanMs: number): Promise<number>
}

/** Opens the storage that is configured, which others use, too. */
export async function openStorage(
  { storage, sharedDriver, secrets, http }: BlobNodeConfig,
  lifecycle: Lifecycle,
  log: ProcessLogger,
  metrics: Metrics,
): Promise<OpenedStorage> {
  const budget = new ByteBudget(bufferBudget, { patienceMs: http.stallTimeoutMs })
  if (sharedDriver.name === 'filesystem') {
    const { rootDirectory } = sharedDriver
    const mode = storage.readOnly ? 'read-only' : 'shared'
    const tree = lifecycle.own(await openTree({ rootDirectory, owner: 'blob-upload', mode, budget, log }))
    const { driver } = tree
    const purgeTemporary = (olderThanMs: number): Promise<number> => driver.purgeTemporary(olderThanMs)
    return { driver, root: tree.rootDirectory, needs: [], purgeTemporary }
  }
  // Only whoever has a bucket pays for loading what speaks to it.
  const { openBucket } = await import('@berth/storage-s3')
  const { driver, root, needs } = lifecycle.own(
    await openBucket({
      config: sharedDriver,
      credentials: secrets.s3,
      isReadOnly: storage.readOnly,
      budget,
      observer: metrics.objectStore(),
      log,
    }),
  )
  return { driver, root, needs, purgeTemporary: (olderThanMs) => driver.purgeTemporary(olderThanMs) }
}
