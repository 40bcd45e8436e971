import { RegistryError } from '@berth/errors'
import { type JsonObject, readStrictly } from '../json/read-document.ts'
import { protectedShape, signedShape } from '../shapes.ts'
import { type SignatureAlgorithm, signatureAlgorithms } from './algorithms.ts'
import { decodeBase64url, encodeBase64url } from './base64url.ts'
import { attachSignatures, isTail } from './envelope.ts'
import { PublicKey, UnfitKey } from './public-key.ts'
import { signingInput } from './sign-manifest.ts'

/** Nobody has more than one. Each is a pass over the payload. */
const maxSignatures = 4
/** Characters of a protected header: a length, a tail and a time. */
const maxProtected = 1024

/** One signature, every part of it understood, and nothing verified. */
interface ParsedSignature {
  readonly key: PublicKey
  readonly algorithm: SignatureAlgorithm
  readonly signature: Uint8Array
  readonly protectedText: string
  readonly formatLength: number
  readonly formatTail: Uint8Array
}

/**
 * The payload of a signed schema1 manifest, every signature of it verified. Whose they are is nobody's concern: any key
 * will do, as in Distribution, and what they show is that the document is the one that was signed. So it is read as
 * strictly as it can be. Each byte of it is signed, or follows from what is; none can be changed and all be accepted.
 *
 * @throws RegistryError MANIFEST_INVALID: not a signed document, or not in the form in which they are written
 * @throws RegistryError MANIFEST_UNVERIFIED: a signature, or its key, is not good
 */
export function openSigned(content: Uint8Array): Uint8Array {
  const { signatures } = readStrictly(content, signedShape)
  if (signatures === undefined) throw invalid('missing signature key: a schema1 manifest must be signed')
  if (!Array.isArray(signatures) || signatures.length === 0 || signatures.length > maxSignatures)
    throw invalid(`must be a list of one to ${maxSignatures} signatures`)
  const parsed = signatures.map(parseSignature)
  const payload = payloadOf(content, parsed)
  const [{ formatLength }] = parsed as [ParsedSignature]
  if (!attachSignatures(payload, formatLength, signatures).equals(content))
    throw invalid('must be the last member of the manifest, and written as the manifest is')
  const payloadText = encodeBase64url(payload)
  parsed.forEach((each, index) => verify(each, payloadText, `signatures[${index}]`))
  return payload
}

function payloadOf(content: Uint8Array, parsed: readonly ParsedSignature[]): Uint8Array {
  const [first, ...others] = parsed as [ParsedSignature, ...ParsedSignature[]]
  const { formatLength, formatTail } = first
  for (const other of others) {
    if (other.formatLength !== formatLength) throw invalid('conflicting format length')
    if (Buffer.compare(other.formatTail, formatTail) !== 0) throw invalid('conflicting format tail')
  }
  if (formatLength > content.byteLength) throw invalid('invalid format length')
  if (!isTail(formatTail)) throw invalid('invalid format tail: must be the end of a JSON object')
  return Buffer.concat([content.subarray(0, formatLength), formatTail])
}

function parseSignature(value: unknown, index: number): ParsedSignature {
  const field = `signatures[${index}]`
  const block = membersOf(value, ['header', 'signature', 'protected'], field)
  const header = membersOf(block['header'], ['jwk', 'alg'], `${field}.header`)
  const key = parseKey(header['jwk'], `${field}.header.jwk`)
  const algorithm = signatureAlgorithms.find(({ name }) => name === header['alg'])
  // What it says must be what the key does: a signature never chooses how it is verified.
  if (algorithm === undefined || !key.algorithms.includes(algorithm))
    throw unverified(`${field}.header.alg: must be ${key.algorithms.map(({ name }) => name).join(' or ')}`)
  const signature = decodeBase64url(block['signature'])
  if (signature === undefined) throw invalid('must be base64url', `${field}.signature`)
  return { key, algorithm, signature, ...parseProtected(block['protected'], `${field}.protected`) }
}

function parseKey(value: unknown, field: string): PublicKey {
  if (value === undefined) throw unverified(`${field}: missing public key`)
  try {
    return PublicKey.parse(value)
  } catch (error) {
    if (error instanceof UnfitKey) throw unverified(`${field}: ${error.message}`, error)
    throw error
  }
}

function parseProtected(
  text: unknown,
  field: string,
): Pick<ParsedSignature, 'protectedText' | 'formatLength' | 'formatTail'> {
  const bytes = typeof text === 'string' && text.length <= maxProtected ? decodeBase64url(text) : undefined
  if (typeof text !== 'string' || bytes === undefined) throw invalid('must be short, and base64url', field)
  const { formatLength, formatTail, crit } = readStrictly(bytes, protectedShape)
  if (crit !== undefined) throw invalid('asks for what is not understood (crit)', field)
  if (typeof formatLength !== 'number' || !Number.isSafeInteger(formatLength) || formatLength < 1)
    throw invalid('invalid format length', field)
  const tail = decodeBase64url(formatTail)
  if (tail === undefined) throw invalid('invalid format tail', field)
  return { protectedText: text, formatLength, formatTail: tail }
}

function verify(
  { key, algorithm, signature, protectedText }: ParsedSignature,
  payloadText: string,
  field: string,
): void {
  if (!key.verifies(algorithm, signingInput(protectedText, payloadText), signature))
    throw unverified(`${field}: invalid signature by the key ${key.id}`)
}

/** The members of an object that has no others. */
function membersOf(value: unknown, allowed: readonly string[], field: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('must be an object', field)
  const unknown = Object.keys(value).find((name) => !allowed.includes(name))
  if (unknown !== undefined) throw invalid(`has no place in a signature: ${unknown.slice(0, 32)}`, field)
  return value as JsonObject
}

function invalid(reason: string, field = 'signatures'): RegistryError {
  return new RegistryError('MANIFEST_INVALID', { reason, field })
}

function unverified(reason: string, cause?: Error): RegistryError {
  return new RegistryError('MANIFEST_UNVERIFIED', { reason }, cause && { cause })
}
