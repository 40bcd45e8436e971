import { resolve } from 'node:path'
import type { ByteBudget } from '@berth/bytes'
import { type Logger, StartError } from '@berth/errors'
import { hintFor } from './check-tree.ts'
import { FilesystemDriver } from './filesystem-driver.ts'
import { TreeLock } from './tree-lock.ts'

export interface OpenTreeOptions {
  /** Made if it is not there, unless the tree is read only. */
  readonly rootDirectory: string
  /** Who asks, for the message to those who are refused. */
  readonly owner: string
  /** How the tree is used: alone, with other processes, or without writing anything, for which no lock is needed. */
  readonly mode: 'exclusive' | 'shared' | 'read-only'
  readonly budget: ByteBudget
  readonly log: Logger
}

/** A tree that may be used. */
export interface OpenTree {
  readonly driver: FilesystemDriver
  readonly rootDirectory: string
  /**
   * Whether nobody else changes the tree. Never where it is read only, since another process may write, nor where the
   * lock is not the operating system's.
   */
  readonly isExclusive: boolean
  /** Gives the tree back: only when nothing uses the driver any more. */
  close(): Promise<void>
}

/**
 * Locks a tree, unless it is only read, and opens it. What killed processes left of their writes is removed in the
 * background where nobody else works on the tree.
 *
 * @throws StartError that says who has the lock, or what is wrong with the tree
 */
export async function openTree({ owner, mode, ...options }: OpenTreeOptions): Promise<OpenTree> {
  const rootDirectory = resolve(options.rootDirectory)
  const unusable = (error: Error): never => {
    // A call's own message has the directory that it was about.
    const reason = error.message.includes(rootDirectory) ? error.message : `${rootDirectory}: ${error.message}`
    throw new StartError('storage.filesystem.rootdirectory', reason + hintFor(error), { cause: error })
  }
  if (mode === 'read-only') {
    const driver = await FilesystemDriver.open({ ...options, rootDirectory, isReadOnly: true }).catch(unusable)
    return { driver, rootDirectory, isExclusive: false, close: () => driver.close() }
  }
  const lock = await TreeLock.acquire(rootDirectory, { owner, mode, log: options.log }).catch(unusable)
  try {
    const driver = await FilesystemDriver.open({ ...options, rootDirectory }).catch(unusable)
    const isExclusive = mode === 'exclusive' && lock.isCertain
    const cleaned = isExclusive ? removeLeftovers(await driver.purgeLeftovers(), options.log) : undefined
    return {
      driver,
      rootDirectory,
      isExclusive,
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
  if (count > 0) log.info({ removed: count }, 'removed leftovers of unfinished writes')
}
