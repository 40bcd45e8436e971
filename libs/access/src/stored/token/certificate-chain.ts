import { X509Certificate } from 'node:crypto'

/** Certificates in a chain, at most: each costs a signature to look at. */
const maxLength = 8
/** Twice what a chain of that length takes. */
const maxSignatures = 2 * maxLength

/** Reads the certificates of a chain as tokens have it: DER in base64, the first is the signer's. */
export function parseChain(x5c: unknown): readonly X509Certificate[] | undefined {
  if (!Array.isArray(x5c) || x5c.length === 0 || x5c.length > maxLength) return undefined
  try {
    return x5c.map((each) => {
      if (typeof each !== 'string') throw new TypeError('a certificate must be a text')
      return new X509Certificate(Buffer.from(each, 'base64'))
    })
  } catch {
    return undefined
  }
}

/**
 * Verifies that one of `roots` vouches for the first certificate of `chain`, by means of the others, now. The others may
 * be in any order; each is climbed from once, and no more signatures are verified than an honest chain has.
 *
 * @returns when the first certificate of the verified path ends, in milliseconds since 1970; `undefined`: not vouched for
 */
export function vouchedUntilMs(
  [leaf, ...others]: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  now: Date,
): number | undefined {
  if (leaf === undefined || !isValid(leaf, now)) return undefined
  const left = new Set(others)
  let signatures = 0
  const isIssuer = (issuer: X509Certificate, issued: X509Certificate): boolean => {
    // `checkIssued` compares names, key identifiers, and what the issuer's key may be used for.
    if (!issuer.ca || !isValid(issuer, now) || !issued.checkIssued(issuer)) return false
    signatures += 1
    return signatures <= maxSignatures && issued.verify(issuer.publicKey)
  }
  const climb = (certificate: X509Certificate): number | undefined => {
    const ownEndMs = endOf(certificate)
    const root = roots.find((each) => each.raw.equals(certificate.raw) || isIssuer(each, certificate))
    if (root !== undefined) return Math.min(ownEndMs, endOf(root))
    for (const next of left) {
      if (!isIssuer(next, certificate)) continue
      left.delete(next)
      const endMs = climb(next)
      if (endMs !== undefined) return Math.min(ownEndMs, endMs)
    }
    return undefined
  }
  return climb(leaf)
}

/** The first millisecond in which a certificate is no longer valid: `notAfter` itself still counts. */
function endOf({ validToDate }: X509Certificate): number {
  return validToDate.getTime() + 1
}

function isValid({ validFromDate, validToDate }: X509Certificate, now: Date): boolean {
  return validFromDate <= now && now <= validToDate
}
