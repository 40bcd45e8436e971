import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A small OpenID provider, as a cluster or a CI is one: it signs tokens, and tells its keys. */
export class IdentityProvider {
  readonly #server: Server
  readonly #keys: { readonly id: string; readonly privateKey: KeyObject; readonly publicKey: KeyObject }[] = []
  readonly origin: string

  private constructor(server: Server, origin: string) {
    this.#server = server
    this.origin = origin
    this.rotate()
  }

  static async start(): Promise<IdentityProvider> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const provider = new IdentityProvider(server, origin)
    server.on('request', (request, response) => {
      const document = provider.#documents[request.url ?? '']?.()
      response.writeHead(document === undefined ? 404 : 200, { 'Content-Type': 'application/json' })
      response.end(document === undefined ? '' : JSON.stringify(document))
    })
    return provider
  }

  /** From now on it signs with another key. */
  rotate(): void {
    const id = `key-${this.#keys.length}`
    this.#keys.push({ id, ...generateKeyPairSync('rsa', { modulusLength: 2048 }) })
  }

  /** As a cluster makes them for the pods of a ServiceAccount. */
  serviceAccountToken(namespace: string, other: Readonly<Record<string, unknown>> = {}): string {
    return this.token({
      aud: ['registry'],
      sub: `system:serviceaccount:${namespace}:builder`,
      'kubernetes.io': {
        namespace,
        pod: { name: 'build-1', uid: '4b1ff0d5-0a9a-4a5e-9f3f-0a4f6e3d7d10' },
        serviceaccount: { name: 'builder', uid: '0a4f6e3d-7d10-4b1f-9f3f-4b1ff0d50a9a' },
      },
      ...other,
    })
  }

  token(claims: Readonly<Record<string, unknown>>): string {
    const key = this.#keys.at(-1)
    if (key === undefined) throw new Error('there is no key')
    const now = Math.floor(Date.now() / 1000)
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const header = part({ alg: 'RS256', kid: key.id, typ: 'JWT' })
    const input = `${header}.${part({ iss: this.origin, iat: now, nbf: now, exp: now + 600, ...claims })}`
    return `${input}.${sign('sha256', Buffer.from(input), key.privateKey).toString('base64url')}`
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  get #documents(): Readonly<Record<string, () => object>> {
    return {
      '/.well-known/openid-configuration': () => ({ issuer: this.origin, jwks_uri: `${this.origin}/openid/v1/jwks` }),
      '/openid/v1/jwks': () => ({
        keys: this.#keys.map(({ id, publicKey }) => ({ ...publicKey.export({ format: 'jwk' }), kid: id, use: 'sig' })),
      }),
    }
  }
}
