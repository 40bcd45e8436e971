import { generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeUsers } from '../access/htpasswd.ts'
import type { Settings } from '../configuration.ts'
import type { IdentityProvider } from './identity-provider.ts'

export type SigningKey = JsonWebKey & { readonly kid: string }

/** What a registry with a token server of its own needs, in files of one folder. */
export class TokenFiles {
  readonly policy: string
  readonly keys: string
  readonly #settings: object

  private constructor(folder: string, settings: object) {
    this.policy = join(folder, 'policy.yml')
    this.keys = join(folder, 'signing-keys.json')
    this.#settings = settings
  }

  static async write(folder: string, provider: IdentityProvider): Promise<TokenFiles> {
    await writeUsers(folder)
    const issuer = { name: 'kubernetes', issuer: provider.origin, audience: 'registry' }
    const berth = {
      service: 'registry.example',
      htpasswd: join(folder, 'htpasswd'),
      issuers: [{ ...issuer, claims: { namespace: '/kubernetes.io/namespace' } }],
    }
    const files = new TokenFiles(folder, berth)
    await files.writePolicy(policy)
    await files.writeKeys([makeKey('first')])
    return files
  }

  /** @param jwksUrl where those who only verify find the keys; else they have the same file */
  settings(jwksUrl?: string): Settings {
    const { policy: path, keys } = this
    return { auth: { berth: { ...this.#settings, policy: path, keys, ...(jwksUrl && { jwksurl: jwksUrl }) } } }
  }

  async writePolicy(text: string): Promise<void> {
    await replace(this.policy, text)
  }

  /** The first one signs. */
  async writeKeys(keys: readonly SigningKey[]): Promise<void> {
    await replace(this.keys, JSON.stringify({ keys }))
  }
}

export function makeKey(kid: string): SigningKey {
  return { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }), kid }
}

export const policy = `
groups:
  hobbits: [frodo]
rules:
  - name: the shire is the hobbits’
    subjects: [group: hobbits]
    repositories: ['shire/**']
    actions: [pull, push, delete]
  - name: clusters push what is their namespace’s
    subjects:
      - issuer: kubernetes
        subject: 'system:serviceaccount:*'
    repositories: ['ci/{namespace}/**']
    actions: [pull, push]
  - name: all may have what is public
    subjects: [anonymous]
    repositories: ['shire/public/**', 'public/**']
    actions: [pull]
`

async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.next`, text, { mode: 0o600 })
  await rename(`${path}.next`, path)
}
