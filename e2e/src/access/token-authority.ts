import { execFile } from 'node:child_process'
import { createHmac, createPrivateKey, type KeyObject, sign, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Settings } from '../configuration.ts'

/** What a token grants in a repository, or of the catalog. */
export interface Grant {
  readonly type?: 'repository' | 'registry'
  readonly name: string
  readonly actions: readonly string[]
}

const service = 'registry.example'
const issuer = 'issuer.example'

/** Whoever signs tokens: a key on P-256, and a certificate that it signed for itself. */
export class TokenAuthority {
  readonly certificate: X509Certificate
  readonly #key: KeyObject
  readonly #bundle: string

  private constructor(bundle: string, certificate: X509Certificate, key: KeyObject) {
    this.#bundle = bundle
    this.certificate = certificate
    this.#key = key
  }

  /** Makes a key and its certificate, in files in `folder`. */
  static async make(folder: string, name = 'authority'): Promise<TokenAuthority> {
    const bundle = join(folder, `${name}.pem`)
    const keyFile = join(folder, `${name}.key`)
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile]
    await promisify(execFile)('openssl', ['req', '-x509', ...key, '-subj', `/CN=${name}`, '-days', '2', '-out', bundle])
    const [certificate, privateKey] = [await readFile(bundle), await readFile(keyFile)]
    return new TokenAuthority(bundle, new X509Certificate(certificate), createPrivateKey(privateKey))
  }

  /** The configuration of a registry that believes in it. */
  settings(realm = 'https://auth.example/token'): Settings {
    return { auth: { token: { realm, service, issuer, rootcertbundle: this.#bundle } } }
  }

  /** A token, with claims that are good unless they are said to be otherwise. */
  token(grants: readonly Grant[], claims: Readonly<Record<string, unknown>> = {}): string {
    return this.sign(this.header, this.claims(grants, claims))
  }

  get header(): Readonly<Record<string, unknown>> {
    return { typ: 'JWT', alg: 'ES256', x5c: [this.certificate.raw.toString('base64')] }
  }

  claims(grants: readonly Grant[], other: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
    const now = Math.floor(Date.now() / 1000)
    const access = grants.map((grant) => ({ type: 'repository', ...grant }))
    return { iss: issuer, sub: 'bob', aud: service, exp: now + 300, nbf: now - 10, iat: now, access, ...other }
  }

  sign(header: object, claims: object): string {
    const input = `${partOf(header)}.${partOf(claims)}`
    const signature = sign('sha256', Buffer.from(input), { key: this.#key, dsaEncoding: 'ieee-p1363' })
    return `${input}.${signature.toString('base64url')}`
  }

  /** As whoever hopes that a public key is taken for a secret. */
  signWithSecret(secret: string | Buffer, header: object, claims: object): string {
    const input = `${partOf(header)}.${partOf(claims)}`
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
  }
}

/** One of a token's three parts. */
export function partOf(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
