import type { UploadKeys } from '../config.ts'
import type { Findings } from '../problems.ts'
import type { ValueOf } from '../schema/node.ts'
import type { registry } from '../schema/registry.ts'
import { Secret } from '../values/secret.ts'
import { whyUnread } from '../sources/unread-file.ts'

type Read = Pick<ValueOf<typeof registry>, 'http' | 'uploads'>

/** The ring of `uploads.keys`; where there are none, of `http.secret`. */
export function toUploadKeys(
  { http, uploads: { keys } }: Read,
  readFile: (path: string) => string,
  findings: Findings,
): UploadKeys | undefined {
  if (keys.length === 0) {
    if (!http.secret) return undefined
    warnOfShort('http.secret', http.secret, findings)
    return { signing: new Secret(http.secret), verifying: [] }
  }
  const signing = keys.filter(({ use }) => use === 'sign').length
  if (signing !== 1) findings.problem('uploads.keys', `exactly one key must be of use sign, not ${signing}`)
  const seen = new Set<string>()
  const ring = keys.map(({ id, secret, secretFile, use }, index) => {
    const path = `uploads.keys[${index}]`
    if (seen.has(id)) findings.problem(`${path}.id`, 'is the id of another key, too')
    seen.add(id)
    return { key: new Secret(keyText(path, secret, secretFile, readFile, findings)), use }
  })
  const signer = ring.find(({ use }) => use === 'sign')
  const verifying = ring.filter((each) => each !== signer).map(({ key }) => key)
  return signer && { signing: signer.key, verifying }
}

/** An attacker who guesses the key could continue any upload. */
function warnOfShort(path: string, key: string, findings: Findings): void {
  const bytes = Buffer.byteLength(key)
  if (bytes < 16) findings.warning(path, `is short for a key: ${bytes} of at least 16 bytes`)
}

function keyText(
  path: string,
  secret: string | undefined,
  secretFile: string | undefined,
  readFile: (path: string) => string,
  findings: Findings,
): string {
  if ((secret === undefined) === (secretFile === undefined)) {
    findings.problem(path, 'needs either a secret or a secretfile')
    return ''
  }
  const key = secretFile === undefined ? secret : read()
  if (key === '') findings.problem(path, 'the secret is empty')
  else if (key !== undefined)
    warnOfShort(`${path}.${secretFile === undefined ? 'secret' : 'secretfile'}`, key, findings)
  return key ?? ''

  function read(): string | undefined {
    try {
      return readFile(secretFile ?? '').trimEnd()
    } catch (error) {
      findings.problem(`${path}.secretfile`, `cannot be read: ${whyUnread(error)}`)
      return undefined
    }
  }
}
