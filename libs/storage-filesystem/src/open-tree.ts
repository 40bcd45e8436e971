import { resolve } from 'node:path'
import type { ByteBudget } from '@berth/bytes'
import { type Logger, StartError } from '@berth/errors'
import { FilesystemDriver } from './filesystem-driver.ts'
import { TreeLock, type TreeLockOptions } from './tree-lock.ts'

export interface OpenTreeOptions extends Pick<TreeLockOptions, 'owner' | 'mode'> {
  /** Made if it is not there. */
  readonly rootDirectory: string
  readonly budget: ByteBudget
  readonly log: Logger
}

/** A tree that is locked and may be used. */
export interface OpenTree {
  readonly driver: FilesystemDriver
  readonly rootDirectory: string
  /** Gives the tree back: only when nothing uses the driver any more. */
  close(): Promise<void>
}

/**
 * Locks a tree, and opens it. What killed processes left of their writes is removed in the background where nobody else
 * works on the tree.
 *
 * @throws StartError that says who has the lock, or what is wrong with the tree
 */
export async function openTree({ owner, mode, ...options }: OpenTreeOptions): Promise<OpenTree> {
  const rootDirectory = resolve(options.rootDirectory)
  const unusable = (error: Error): never => {
    // A call's own message has the directory that it was about.
    const reason = error.message.includes(rootDirectory) ? error.message : `${rootDirectory}: ${error.message}`
    throw new StartError('storage.filesystem.rootdirectory', reason, { cause: error })
  }
  const lock = await TreeLock.acquire(rootDirectory, { owner, mode }).catch(unusable)
  try {
    const driver = await FilesystemDriver.open({ ...options, rootDirectory }).catch(unusable)
    const cleaned = mode === 'exclusive' ? removeLeftovers(await driver.purgeLeftovers(), options.log) : undefined
    return {
      driver,
      rootDirectory,
      close: async () => {
        await cleaned
        await driver.close()
        lock.close()
      },
    }
  } catch (error) {
    lock.close()
    throw error
  }
}

/** Never rejects: what cannot be removed is logged, and stays. */
async function removeLeftovers({ removed }: { readonly removed: Promise<number> }, log: Logger): Promise<void> {
  const count = await removed
  if (count > 0) log.info({ removed: count }, 'leftovers of unfinished writes removed')
}
