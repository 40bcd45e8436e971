import { randomUUID } from 'node:crypto'
import type { ByteStream } from '@berth/bytes'
import { type AppendOptions, layout, type Part } from '@berth/storage'
import type { Directories } from './directories.ts'
import { failedWith } from './file-system.ts'
import { isMarker } from './record-versions.ts'
import type { TemporaryFiles } from './temporary-files.ts'

/** Directories in which uploads gather: a part is a file, written once. */
export class Areas {
  readonly #directories: Directories
  readonly #temporary: TemporaryFiles

  constructor(directories: Directories, temporary: TemporaryFiles) {
    this.#directories = directories
    this.#temporary = temporary
  }

  /** @throws FileSystemError ENOENT: the area is not there, or was taken away meanwhile */
  async append(area: string, content: ByteStream, { signal, share }: AppendOptions): Promise<Part> {
    const name = `part.${randomUUID()}`
    const file = `${area}/${name}`
    const size = await this.#temporary.writeTo(file, content, { durable: true, signal, share })
    try {
      // This opens the area by its path, at which it is not found once it has been taken away.
      await this.#directories.settle(area)
    } catch (error) {
      await this.#temporary.removeFile(file)
      throw error
    }
    return { name, size }
  }

  /** Takes an area from its place, so that nothing can be written there any more. One that is not there is no error. */
  async abort(area: string): Promise<{ readonly removed: Promise<void> }> {
    try {
      const taken = await this.#temporary.takeAway(area, isFinished)
      this.#directories.forget(area)
      return taken
    } catch (error) {
      if (failedWith(error, 'ENOENT', 'ENOTDIR')) return { removed: Promise.resolve() }
      throw error
    }
  }
}

/** Of the files in an area, those that come there finished: nobody writes to them any more. */
function isFinished(name: string): boolean {
  return isMarker(name) || name === layout.uploadStartedAtName
}
