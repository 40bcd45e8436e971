import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContextOptions } from 'node:tls'

/** The PEM texts of one end of TLS: its own certificate and key, if it has them, and the CAs that it trusts. */
export interface TlsTexts {
  /** The chain, its own certificate first. */
  readonly cert?: string
  readonly key?: string
  /** Where there are none, those that the system trusts. */
  readonly cas: readonly string[]
}

/** A certificate and a private key, each valid, that do not belong together: one of two files may have been replaced. */
export class MismatchedPair extends Error {
  override readonly name = 'MismatchedPair'
}

// The labels that OpenSSL takes for a certificate, and for a private key.
const certificates = /-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----[^]*?-----END \1-----/g
const privateKey = /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/
const encryptedKey = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: *4, *ENCRYPTED/m

/**
 * Finds what OpenSSL would accept without a word, and what would then fail every handshake: a key of another kind than the
 * certificate, for instance.
 *
 * @throws MismatchedPair if the certificate and the key do not belong together
 * @throws Error that says why the texts cannot be used; no message has any part of them
 */
export function requireUsableTls({ cas, ...own }: TlsTexts, options: SecureContextOptions = {}): void {
  for (const ca of cas) parseCertificates(ca, 'a file of CAs')
  if (Object.values(own).some((text) => text.trim() === '')) throw new Error('the certificate or its key is empty')
  const { cert, key } = own
  if ((cert === undefined) !== (key === undefined))
    throw new Error('a certificate needs its key, and a key needs its certificate')
  if (cert !== undefined && key !== undefined)
    requirePair(parseCertificates(cert, 'the certificate file'), parseKey(key))
  createSecureContext({ ...options, ...own, ...(cas.length > 0 && { ca: [...cas] }) })
}

/** When a certificate expires: the first of a chain. */
export function validTo(cert: string): Date {
  return new X509Certificate(cert).validToDate
}

/** Why a certificate, the first of a chain, is not valid now; `undefined`: it is. */
export function whyNotValidNow(cert: string, now = new Date()): string | undefined {
  const { validFromDate, validToDate } = new X509Certificate(cert)
  if (now > validToDate) return `the certificate expired at ${validToDate.toISOString()}`
  if (now < validFromDate) return `the certificate is not valid before ${validFromDate.toISOString()}`
  return undefined
}

function parseCertificates(text: string, holder: string): X509Certificate[] {
  const found = text.match(certificates)
  if (found !== null) return found.map((each, index) => parseCertificate(each, `certificate ${index + 1} of ${holder}`))
  if (text.includes('-----BEGIN CERTIFICATE-----')) throw new Error(`${holder} has a certificate that is cut off`)
  const instead = privateKey.test(text) ? ', but a private key' : ''
  throw new Error(`${holder} has no certificate in PEM form${instead}`)
}

function parseCertificate(text: string, name: string): X509Certificate {
  try {
    return new X509Certificate(text)
  } catch (error) {
    throw new Error(`${name} is damaged: ${reasonOf(error)}`, { cause: error })
  }
}

function parseKey(text: string): KeyObject {
  if (encryptedKey.test(text)) throw new Error('the private key is encrypted: store it without a passphrase')
  if (!privateKey.test(text)) {
    const instead = text.includes('-----BEGIN CERTIFICATE-----') ? ', but a certificate' : ''
    throw new Error(`the key file has no private key in PEM form${instead}`)
  }
  try {
    return createPrivateKey(text)
  } catch (error) {
    throw new Error(`the private key is damaged: ${reasonOf(error)}`, { cause: error })
  }
}

function requirePair(chain: readonly X509Certificate[], key: KeyObject): void {
  const owner = chain.findIndex((certificate) => certificate.checkPrivateKey(key))
  if (owner === 0) return
  if (owner > 0) {
    const reason = `the key belongs to certificate ${owner + 1}, and that one must be the first`
    throw new Error(`the certificate chain is in the wrong order: ${reason}`)
  }
  const [leaf] = chain
  const kinds = `certificate ${leaf ? kindOf(leaf.publicKey) : ''}, key ${kindOf(key)}`
  throw new MismatchedPair(`the private key does not belong to the certificate (${kinds})`)
}

/** The kind of a key as people write it: `RSA 2048`, `EC prime256v1`, `ED25519`. */
function kindOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  const { namedCurve, modulusLength } = asymmetricKeyDetails ?? {}
  return [asymmetricKeyType?.toUpperCase(), namedCurve ?? modulusLength].filter((part) => part !== undefined).join(' ')
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown reason'
}
