import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { LruCache } from '@berth/bytes'
import type { Logger } from '@berth/errors'
import { openSigner } from '../requests/open-client.ts'
import type { S3Settings } from '../s3-settings.ts'

const mostUrls = 10_000
/** A URL is given out again for this part of its lifetime. */
const urlReuse = 20

/** URLs by which whoever has one reads an object. To sign one costs more than all else that a redirect does. */
export class SignedUrls {
  readonly #client: S3Client
  readonly #bucket: string
  readonly #nowMs: () => number
  readonly #urls = new LruCache<string, { readonly url: string; readonly untilMs: number }>({ maxWeight: mostUrls })

  constructor(settings: S3Settings, nowMs: () => number, log: Pick<Logger, 'warn'>) {
    this.#client = openSigner(settings, log)
    this.#bucket = settings.bucket
    this.#nowMs = nowMs
  }

  async of(key: string, lifetimeMs: number): Promise<string> {
    const known = this.#urls.get(`${lifetimeMs} ${key}`)
    if (known !== undefined && known.untilMs > this.#nowMs()) return known.url
    const command = new GetObjectCommand({ Bucket: this.#bucket, Key: key })
    const url = await getSignedUrl(this.#client, command, { expiresIn: Math.max(1, Math.floor(lifetimeMs / 1000)) })
    this.#urls.set(`${lifetimeMs} ${key}`, { url, untilMs: this.#nowMs() + lifetimeMs / urlReuse })
    return url
  }

  close(): void {
    this.#client.destroy()
  }
}
