import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { Settings } from '../../../e2e/src/configuration.ts'
import { requestS3 } from '../../../e2e/src/s3-requests.ts'
import { startS3Server, type S3Server } from '../../../e2e/src/s3-server.ts'

const name = 'bench'
/** As many as make the store busy. */
const uploadsAtOnce = 16

/** A bucket of an S3 server that was started for it. */
export class Bucket {
  /** Where contenders reach it. */
  readonly endpoint: string
  readonly #server: S3Server

  private constructor(server: S3Server, endpoint: string) {
    this.#server = server
    this.endpoint = endpoint
  }

  static async start(): Promise<Bucket> {
    const server = await startS3Server()
    const made = await requestS3(server, 'PUT', `/${name}`)
    if (!made.ok) throw new Error(`no bucket could be made: ${made.status} ${await made.text()}`)
    return new Bucket(server, server.endpoint)
  }

  /** The same, by way of a proxy. */
  behind(endpoint: string): Bucket {
    return new Bucket(this.#server, endpoint)
  }

  /** What both registries are told of it: what they keep lies here alone, and clients are served by them. */
  settings(): Settings {
    const { accessKey: accesskey, secretKey: secretkey } = this.#server
    const s3 = { region: 'default', bucket: name, regionendpoint: this.endpoint, accesskey, secretkey, secure: false }
    return { storage: { filesystem: undefined, s3, redirect: { disable: true } } }
  }

  /** Stores all files below `tree`, each by its path from there. */
  async upload(tree: string): Promise<void> {
    const entries = await readdir(tree, { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    const next = files.values()
    const uploads = Array.from({ length: uploadsAtOnce }, async () => {
      for (const file of next) await this.#put(relative(tree, file), await readFile(file))
    })
    await Promise.all(uploads)
  }

  async #put(key: string, content: Buffer<ArrayBuffer>): Promise<void> {
    const stored = await requestS3(this.#server, 'PUT', `/${name}/${key}`, {}, content)
    if (!stored.ok) throw new Error(`${key} could not be stored: ${stored.status} ${await stored.text()}`)
    await stored.arrayBuffer()
  }

  close(): Promise<void> {
    return this.#server.close()
  }
}
