import { ByteBudget } from '@berth/bytes'
import type { Config } from '@berth/configuration'
import type { Check, Lifecycle, Metrics, ProcessLogger } from '@berth/process'
import type { RedirectingDriver, SendingDriver, StorageDriver } from '@berth/storage'
import { MemoryDriver } from '@berth/storage/memory'
import { openTree, readOrMakeSecret } from '@berth/storage-filesystem'

/** What all buffers of the process may have at a time. */
const bufferBudget = 64 * 1024 * 1024

export interface OpenedStorage {
  readonly driver: StorageDriver & Partial<SendingDriver> & Partial<RedirectingDriver>
  /** Where it is, if it is anywhere. */
  readonly root: string | undefined
  /** The directory, where it is one. */
  readonly rootDirectory: string | undefined
  /** Whether nobody else changes what is stored. */
  readonly isExclusive: boolean
  /** Signs upload tokens where the configuration has no key. Absent where nothing is signed with it. */
  readonly secret: Uint8Array | undefined
  /** What the process cannot be sent requests without. */
  readonly needs: readonly Check[]
  /** Removes what writes left that were cut off by the end of a process. */
  purgeTemporary(olderThanMs: number): Promise<number>
}

/** Opens the storage that is configured, and owns its tree. */
export async function openStorage(
  config: Config,
  lifecycle: Lifecycle,
  log: ProcessLogger,
  metrics: Metrics,
): Promise<OpenedStorage> {
  const { driver } = config.storage
  switch (driver.name) {
    case 'inmemory':
      return {
        driver: lifecycle.own(new MemoryDriver()),
        root: undefined,
        rootDirectory: undefined,
        isExclusive: true,
        secret: crypto.getRandomValues(new Uint8Array(32)),
        needs: [],
        purgeTemporary: async () => 0,
      }
    case 'filesystem':
      return openDirectory(driver.rootDirectory, config, lifecycle, log)
    case 's3':
      return openS3(driver, config, lifecycle, log, metrics)
  }
}

async function openDirectory(
  directory: string,
  { storage, secrets, http }: Config,
  lifecycle: Lifecycle,
  log: ProcessLogger,
): Promise<OpenedStorage> {
  const mode = storage.readOnly ? 'read-only' : 'exclusive'
  const budget = new ByteBudget(bufferBudget, { patienceMs: http.stallTimeoutMs })
  const tree = await openTree({ rootDirectory: directory, owner: 'berth', mode, budget, log })
  const { driver, rootDirectory, isExclusive } = lifecycle.own(tree)
  return {
    driver,
    root: rootDirectory,
    rootDirectory,
    isExclusive,
    secret: isSecretNeeded({ storage, secrets }) ? await readOrMakeSecret(rootDirectory, log) : undefined,
    needs: [],
    purgeTemporary: (olderThanMs) => driver.purgeTemporary(olderThanMs),
  }
}

/** A read-only registry has no uploads, so it signs no tokens. */
function isSecretNeeded({ storage, secrets }: Pick<Config, 'storage' | 'secrets'>): boolean {
  return secrets.uploadKeys === undefined && !storage.readOnly
}

/** Any number of processes may work on a bucket. */
async function openS3(
  s3: Config['storage']['driver'] & { name: 's3' },
  { storage, secrets, http }: Config,
  lifecycle: Lifecycle,
  log: ProcessLogger,
  metrics: Metrics,
): Promise<OpenedStorage> {
  // Only whoever has a bucket pays for loading what speaks to it.
  const { openBucket, readOrMakeStoredSecret } = await import('@berth/storage-s3')
  const { driver, root, needs } = lifecycle.own(
    await openBucket({
      config: s3,
      credentials: secrets.s3,
      isReadOnly: storage.readOnly,
      budget: new ByteBudget(bufferBudget, { patienceMs: http.stallTimeoutMs }),
      observer: metrics.objectStore(),
      log,
    }),
  )
  return {
    driver,
    rootDirectory: undefined,
    root,
    isExclusive: false,
    secret: isSecretNeeded({ storage, secrets }) ? await readOrMakeStoredSecret(driver) : undefined,
    needs,
    purgeTemporary: (olderThanMs) => driver.purgeTemporary(olderThanMs),
  }
}
