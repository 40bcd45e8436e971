import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { basename, dirname } from 'node:path'
import { failedWith, type FileSystem } from './file-system.ts'

const { O_CREAT, O_DIRECTORY, O_EXCL, O_RDONLY, O_WRONLY } = constants
const newFile = O_CREAT | O_EXCL | O_WRONLY

/** The abilities of a file system that Berth can do without. Local file systems have all of them. */
export interface Abilities {
  /** Directories can be synced. Without it a file system is expected to write names through. */
  readonly syncsDirectories: boolean
  /** File content can be synced. Without it a power failure of the file server may lose acknowledged content. */
  readonly syncsFiles: boolean
  /** A second name can be given to a file. Without it content is created by `O_EXCL` and a rename. */
  readonly hardLinks: boolean
  /** A file can be replaced, and a directory moved, while a file in question is open. Without it Berth waits for the readers. */
  readonly movesOpenFiles: boolean
  /** Files keep the permissions that they are given. */
  readonly keepsModes: boolean
  /** Names that differ only in case are different names. */
  readonly distinguishesCase: boolean
}

export const allAbilities: Abilities = {
  syncsDirectories: true,
  syncsFiles: true,
  hardLinks: true,
  movesOpenFiles: true,
  keepsModes: true,
  distinguishesCase: true,
}

/** What follows from an ability that is missing, for the log. */
const consequences: Readonly<Record<keyof Abilities, string>> = {
  syncsDirectories: 'no fsync of directories: a power failure of the file server may lose the names of new files',
  syncsFiles: 'no fsync of files: a power failure of the file server may lose content that was acknowledged',
  hardLinks: 'no hard links: entries of the catalog are created by O_EXCL and a rename',
  movesOpenFiles: 'no rename over or of what is open: a write waits up to two seconds for readers, then fails',
  keepsModes: "no file permissions: only the mount's options keep other users from the secrets below berth/",
  distinguishesCase: 'no upper and lower case in names: tags that differ only in case are one tag',
}

/** One sentence for each ability that is missing. */
export function describeLacks(abilities: Abilities): readonly string[] {
  const names = Object.keys(consequences) as (keyof Abilities)[]
  return names.filter((name) => !abilities[name]).map((name) => consequences[name])
}

/** Error codes by which file systems refuse a call that they do not implement. */
const unsupported = ['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EBADF', 'EISDIR'] as const
/** The same for calls that are about names, which some file systems refuse as not permitted. */
const unsupportedOfNames = [...unsupported, 'EPERM', 'EACCES', 'EMLINK', 'EXDEV', 'ENOTTY'] as const
/** Whether a failed call means that the file system has no sync of what it was about. */
export function isUnsupportedSync(error: unknown): boolean {
  return failedWith(error, ...unsupported)
}

/** Whether a failed call means that the file system has no hard links. */
export function isUnsupportedLink(error: unknown): boolean {
  return failedWith(error, ...unsupportedOfNames)
}

/** Whether a failed call means that nothing more can be written. */
export function isFull(error: unknown): boolean {
  return failedWith(error, 'ENOSPC', 'EDQUOT')
}

/**
 * Finds out what the file system of a directory can do, by doing it there under names that nobody else has.
 *
 * @returns `undefined` where the file system is too full to find out
 * @throws Error that names an ability that is missing and that Berth cannot do without
 */
export async function findAbilities(files: FileSystem, directory: string): Promise<Abilities | undefined> {
  // Every container has a process of the same number, so the name is random.
  const probe = new Probe(files, `${directory}/probe.${randomUUID()}`)
  try {
    return await probe.run()
  } catch (error) {
    if (isFull(error)) return undefined
    throw error
  } finally {
    await probe.clean()
  }
}

class Probe {
  readonly #files: FileSystem
  readonly #path: string
  readonly #other: string
  readonly #directory: string
  readonly #moved: string
  readonly #occupied: string

  constructor(files: FileSystem, path: string) {
    this.#files = files
    this.#path = path
    this.#other = `${path}.other`
    this.#directory = `${path}.directory`
    this.#moved = `${path}.moved`
    this.#occupied = `${path}.occupied`
  }

  async run(): Promise<Abilities> {
    await this.#makeFile(this.#path)
    await this.#makeFile(this.#other)
    const hardLinks = await this.#hasHardLinks()
    await this.#requireExclusiveCreation()
    return {
      hardLinks,
      syncsFiles: await this.#syncs(this.#path, O_WRONLY, 'fdatasync'),
      syncsDirectories: await this.#syncs(dirname(this.#path), O_RDONLY | O_DIRECTORY, 'fsync'),
      keepsModes: await this.#keepsModes(),
      distinguishesCase: await this.#distinguishesCase(),
      movesOpenFiles: (await this.#replacesOpenFiles()) && (await this.#movesDirectories()),
    }
  }

  /** Removes whatever there is. What cannot be removed is purged by its age. */
  async clean(): Promise<void> {
    const removals: (() => Promise<void>)[] = [
      () => this.#files.unlink(this.#path),
      () => this.#files.unlink(this.#other),
      () => this.#files.unlink(`${this.#path}.linked`),
    ]
    for (const directory of [this.#directory, this.#moved, this.#occupied]) {
      removals.push(() => this.#files.unlink(`${directory}/file`))
      removals.push(() => this.#files.rmdir(directory))
    }
    for (const remove of removals) await remove().catch(() => {})
  }

  async #makeFile(path: string): Promise<void> {
    await this.#files.close(await this.#files.open(path, newFile, 0o600))
  }

  /** Two callers that create one name must not both succeed. */
  async #requireExclusiveCreation(): Promise<void> {
    try {
      await this.#makeFile(this.#path)
    } catch (error) {
      if (failedWith(error, 'EEXIST')) return
      throw error
    }
    throw new Error('the file system ignores O_EXCL, so two processes could create one file')
  }

  async #syncs(path: string, flags: number, call: 'fsync' | 'fdatasync'): Promise<boolean> {
    let fd: number
    try {
      fd = await this.#files.open(path, flags)
    } catch (error) {
      // Some file systems do not open directories for this at all.
      if (call === 'fsync' && isUnsupportedSync(error)) return false
      throw error
    }
    try {
      await this.#files[call](fd)
      return true
    } catch (error) {
      if (isUnsupportedSync(error)) return false
      throw error
    } finally {
      await this.#files.close(fd)
    }
  }

  async #hasHardLinks(): Promise<boolean> {
    try {
      await this.#files.link(this.#path, `${this.#path}.linked`)
    } catch (error) {
      if (isUnsupportedLink(error)) return false
      throw error
    }
    return true
  }

  async #keepsModes(): Promise<boolean> {
    try {
      // Neither is what a mount option is likely to give to every file.
      for (const mode of [0o600, 0o640]) {
        await this.#files.chmod(this.#path, mode)
        if (((await this.#files.stat(this.#path)).mode & 0o777) !== mode) return false
      }
      return true
    } catch (error) {
      if (isUnsupportedLink(error)) return false
      throw error
    }
  }

  async #distinguishesCase(): Promise<boolean> {
    try {
      await this.#files.stat(`${dirname(this.#path)}/${basename(this.#path).toUpperCase()}`)
      return false
    } catch (error) {
      if (failedWith(error, 'ENOENT')) return true
      throw error
    }
  }

  async #replacesOpenFiles(): Promise<boolean> {
    const replace = (): Promise<void> => this.#files.rename(this.#other, this.#path)
    const isOpenReplaced = await this.#worksWhileOpen(this.#path, replace)
    if (isOpenReplaced) return true
    await this.#require(replace, 'cannot replace a file by a rename')
    return false
  }

  async #movesDirectories(): Promise<boolean> {
    await this.#files.mkdir(this.#directory)
    await this.#makeFile(`${this.#directory}/file`)
    const move = (): Promise<void> => this.#files.rename(this.#directory, this.#moved)
    const isOpenMoved = await this.#worksWhileOpen(`${this.#directory}/file`, move)
    if (!isOpenMoved) await this.#require(move, 'cannot rename a directory')
    await this.#requireOccupiedToStay()
    return isOpenMoved
  }

  /** Of two callers that rename a directory to one place, one must fail. */
  async #requireOccupiedToStay(): Promise<void> {
    await this.#files.mkdir(this.#occupied)
    await this.#makeFile(`${this.#occupied}/file`)
    try {
      await this.#files.rename(this.#moved, this.#occupied)
    } catch (error) {
      if (isFull(error)) throw error
      return
    }
    throw new Error('the file system renames a directory over one that is not empty, so uploads could mix')
  }

  async #worksWhileOpen(path: string, change: () => Promise<void>): Promise<boolean> {
    const fd = await this.#files.open(path, O_RDONLY)
    try {
      await change()
      return true
    } catch (error) {
      if (isFull(error) || failedWith(error, 'EIO')) throw error
      return false
    } finally {
      await this.#files.close(fd)
    }
  }

  async #require(change: () => Promise<void>, lack: string): Promise<void> {
    try {
      await change()
    } catch (error) {
      if (isFull(error) || failedWith(error, 'EIO')) throw error
      throw new Error(`the file system ${lack} (${(error as Error).message})`, { cause: error })
    }
  }
}
