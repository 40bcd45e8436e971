import { encodeBase64url } from './base64url.ts'
import { attachSignatures, seamOf, type SignatureBlock } from './envelope.ts'
import type { SigningKey } from './signing-key.ts'

/**
 * A schema1 manifest with one signature, as clients are given it: libtrust's "pretty" JSON Web Signature, whose payload
 * is the document around it. The manifest's digest is that of `payload`.
 *
 * @param payload a JSON object with at least one member
 * @throws TypeError it is not
 */
export function signManifest(payload: Uint8Array, key: SigningKey, time: Date): Uint8Array {
  const seam = seamOf(payload)
  if (seam === undefined) throw new TypeError('only a JSON object with members can be signed')
  const { formatLength } = seam
  const region = {
    formatLength,
    formatTail: encodeBase64url(seam.formatTail),
    time: time.toISOString().replace(/\.\d+Z$/, 'Z'),
  }
  const protectedText = encodeBase64url(JSON.stringify(region))
  const block: SignatureBlock = {
    header: { jwk: key.publicKey.jwk, alg: key.algorithm.name },
    signature: encodeBase64url(key.sign(signingInput(protectedText, encodeBase64url(payload)))),
    protected: protectedText,
  }
  return attachSignatures(payload, formatLength, [block])
}

/** What a signature is of; both are base64url. */
export function signingInput(protectedText: string, payloadText: string): Buffer {
  return Buffer.from(`${protectedText}.${payloadText}`, 'latin1')
}
