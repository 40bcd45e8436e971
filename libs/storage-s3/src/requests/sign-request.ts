import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto'

export interface SigningCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

/** For whom a signature is: `us-east-1`, `s3`. */
export interface SigningScope {
  readonly region: string
  readonly service: string
}

/** What is signed: a request without a query. */
export interface UnsignedRequest {
  readonly method: string
  /** As it stands in the request's first line. */
  readonly path: string
  /** With the host, and names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Its body, of which there may be none, or which may not be known yet. */
  readonly content?: readonly Uint8Array[] | 'unsigned'
}

/** All headers of a request, with what says who asks and when. */
export type SignedHeaders = Readonly<Record<string, string>> & { readonly authorization: string }

const algorithm = 'AWS4-HMAC-SHA256'
const hashOfNothing = hash('sha256', '')

/** Signs requests that have no query. @see AWS, "Signature Version 4", for S3 */
export class RequestSigner {
  readonly #scope: SigningScope
  /** Follows from the secret and the day alone. */
  #key: { readonly secret: string; readonly day: string; readonly key: KeyObject } | undefined

  constructor(scope: SigningScope) {
    this.#scope = scope
  }

  sign(request: UnsignedRequest, credentials: SigningCredentials, at: Date): SignedHeaders {
    const { accessKeyId, secretAccessKey, sessionToken } = credentials
    const time = at.toISOString().replace(/[:-]|\.\d{3}/g, '')
    const day = time.slice(0, 8)
    const { content = [] } = request
    const contentHash = content === 'unsigned' ? 'UNSIGNED-PAYLOAD' : hashOf(content)
    const headers: Record<string, string> = {
      ...request.headers,
      'x-amz-content-sha256': contentHash,
      'x-amz-date': time,
      ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
    }
    const names = Object.keys(headers).sort()
    const lines = names.map((name) => `${name}:${headers[name]}\n`).join('')
    const signed = names.join(';')
    const canonical = `${request.method}\n${request.path}\n\n${lines}\n${signed}\n${contentHash}`
    const scope = `${day}/${this.#scope.region}/${this.#scope.service}/aws4_request`
    const text = `${algorithm}\n${time}\n${scope}\n${hash('sha256', canonical)}`
    const signature = createHmac('sha256', this.#keyOf(secretAccessKey, day)).update(text).digest('hex')
    const authorization = `${algorithm} Credential=${accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`
    return { ...headers, authorization }
  }

  #keyOf(secret: string, day: string): KeyObject {
    if (this.#key?.secret !== secret || this.#key.day !== day) {
      const { region, service } = this.#scope
      const bytes = [day, region, service, 'aws4_request'].reduce(
        (key, text) => createHmac('sha256', key).update(text).digest(),
        Buffer.from(`AWS4${secret}`),
      )
      // Bytes would be made a key for each signature, which takes longer than to sign.
      this.#key = { secret, day, key: createSecretKey(bytes) }
    }
    return this.#key.key
  }
}

function hashOf(content: readonly Uint8Array[]): string {
  const [first] = content
  if (first === undefined) return hashOfNothing
  return hash('sha256', content.length === 1 ? first : Buffer.concat(content))
}

/** A key as it stands in a path. @see RFC 3986: all but unreserved characters and slashes are escaped */
export function escapeKey(key: string): string {
  if (/^[\w./~-]*$/.test(key)) return key
  return encodeURIComponent(key)
    .replaceAll('%2F', '/')
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
}
