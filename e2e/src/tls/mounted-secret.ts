import { mkdir, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A secret as Kubernetes mounts it: its files are links through one link, which is swapped for all of them at once. */
export class MountedSecret {
  readonly #folder: string
  #version = 0

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** @param folder where there is nothing yet */
  static async in(folder: string, files: Readonly<Record<string, string>>): Promise<MountedSecret> {
    await mkdir(folder)
    const secret = new MountedSecret(folder)
    await secret.swap(files)
    for (const name of Object.keys(files)) await symlink(join('..data', name), secret.path(name))
    return secret
  }

  path(name: string): string {
    return join(this.#folder, name)
  }

  async swap(files: Readonly<Record<string, string>>): Promise<void> {
    const version = `..${++this.#version}`
    await mkdir(this.path(version))
    for (const [name, text] of Object.entries(files)) await writeFile(join(this.path(version), name), text)
    await symlink(version, this.path('..data_tmp'))
    await rename(this.path('..data_tmp'), this.path('..data'))
  }
}
