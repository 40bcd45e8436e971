import { resolve } from 'node:path'
import type { ByteBudget } from '@berth/bytes'
import type { Logger } from '@berth/errors'
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

/** Locks a tree, and opens it. @throws Error that says who has the lock, or what is wrong with the tree */
export async function openTree({ owner, mode, ...options }: OpenTreeOptions): Promise<OpenTree> {
  const rootDirectory = resolve(options.rootDirectory)
  const lock = await TreeLock.acquire(rootDirectory, { owner, mode })
  try {
    const driver = await FilesystemDriver.open({ ...options, rootDirectory })
    return {
      driver,
      rootDirectory,
      close: async () => {
        await driver.close()
        lock.close()
      },
    }
  } catch (error) {
    lock.close()
    throw error
  }
}
