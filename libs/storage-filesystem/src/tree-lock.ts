import { randomUUID } from 'node:crypto'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { layout } from '@berth/storage'

const busy = 5
/** A database that nothing refers to is closed by the garbage collector, and with it the lock would end. */
const held = new Set<DatabaseSync>()

export interface TreeLockOptions {
  /** Who asks, for the message to those who are refused: `all-in-one`, `collect`. */
  readonly owner: string
  /** `shared` is held by any number at once, while nobody holds it `exclusive`. */
  readonly mode: 'exclusive' | 'shared'
  /** Default: now. */
  readonly since?: Date
}

/**
 * Who works on a tree. The lock is a transaction on an SQLite file, since Node has no locks of files: SQLite's are the
 * operating system's, which ends them with the process, however that dies. Nothing else may open the file: to close it
 * anywhere in the process would end the lock.
 */
export class TreeLock {
  readonly #database: DatabaseSync

  private constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** @throws Error that says who holds it, or why there can be no lock in this tree */
  static async acquire(rootDirectory: string, options: TreeLockOptions): Promise<TreeLock> {
    const path = `${resolve(rootDirectory)}${layout.lockPath}`
    const ownerPath = `${path}.owner`
    await mkdir(dirname(path), { recursive: true })
    const database = lockFile(path, options.mode)
    if (database === undefined) {
      throw new Error(`${resolve(rootDirectory)} is in use by ${await describeOwner(ownerPath)}`)
    }
    try {
      await writeOwner(ownerPath, options)
    } catch (error) {
      database.close()
      throw error
    }
    held.add(database)
    return new TreeLock(database)
  }

  /** Gives the lock back. */
  close(): void {
    if (held.delete(this.#database)) this.#database.close()
  }
}

/** @returns `undefined` if somebody else holds it */
function lockFile(path: string, mode: 'exclusive' | 'shared'): DatabaseSync | undefined {
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    if (mode === 'exclusive') {
      database.exec('BEGIN EXCLUSIVE')
    } else {
      // The transaction takes its lock when it first reads.
      database.exec('BEGIN')
      database.prepare('SELECT count(*) FROM sqlite_schema').get()
    }
    return database
  } catch (error) {
    database.close()
    if (isBusy(error)) return undefined
    throw new Error(`cannot lock ${path}: ${(error as Error).message}`, { cause: error })
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === busy
}

/** Beside the lock, which nobody else can read while it is held. What a killed holder leaves is replaced by the next. */
async function writeOwner(path: string, { owner, mode, since = new Date() }: TreeLockOptions): Promise<void> {
  const record = {
    owner,
    mode,
    pid: process.pid,
    host: hostname(),
    command: process.argv.join(' '),
    since: since.toISOString(),
  }
  // Every container has a process of the same number.
  const beside = `${path}.${randomUUID()}`
  const file = await open(beside, 'w')
  try {
    await file.writeFile(`${JSON.stringify(record)}\n`)
  } finally {
    await file.close()
  }
  await rename(beside, path)
}

async function describeOwner(path: string): Promise<string> {
  try {
    const record: unknown = JSON.parse(await readFile(path, 'utf8'))
    const text = (key: string): string => String((record as Record<string, unknown>)[key])
    return `${text('owner')}, process ${text('pid')} on ${text('host')} since ${text('since')} (${text('command')})`
  } catch {
    return 'another process, which has not said who it is'
  }
}
