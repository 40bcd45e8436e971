import { ByteBudget } from '@berth/bytes'
import type { Check, Lifecycle, Metrics, ProcessLogger } from '@berth/process'
import type { RedirectingDriver, SendingDriver, StorageDriver } from '@berth/storage'
import { openTree } from '@berth/storage-filesystem'
import type { ManifestConfig } from './config.ts'

/** What all buffers of the process may have at a time: manifests are small. */
const bufferBudget = 32 * 1024 * 1024

export interface OpenedStorage {
  readonly driver: StorageDriver & Partial<SendingDriver> & Partial<RedirectingDriver>
  /** Where it is. */
  readonly root: string
  /** What the process cannot be sent requests without. */
  readonly needs: readonly Check[]
}

/** Opens the storage that is configured, which others use, too. */
export async function openStorage(
  { storage, sharedDriver, secrets }: ManifestConfig,
  lifecycle: Lifecycle,
  log: ProcessLogger,
  metrics: Metrics,
): Promise<OpenedStorage> {
  const budget = new ByteBudget(bufferBudget)
  if (sharedDriver.name === 'filesystem') {
    const { rootDirectory } = sharedDriver
    const mode = storage.readOnly ? 'read-only' : 'shared'
    const tree = lifecycle.own(await openTree({ rootDirectory, owner: 'manifest', mode, budget, log }))
    return { driver: tree.driver, root: tree.rootDirectory, needs: [] }
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
  return { driver, root, needs }
}
