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
 * Whether one of `roots` vouches for the first of `chain`, by means of the others, now. The others may be in any order;
 * each is climbed from once, and no more signatures are looked at than an honest chain has.
 */
export function isVouchedFor(
  [leaf, ...others]: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  now: Date,
): boolean {
  if (leaf === undefined || !isValid(leaf, now)) return false
  const left = new Set(others)
  let signatures = 0
  const isIssuer = (issuer: X509Certificate, issued: X509Certificate): boolean => {
    // `checkIssued` compares names, key identifiers, and what the issuer's key may be used for.
    if (!issuer.ca || !isValid(issuer, now) || !issued.checkIssued(issuer)) return false
    signatures += 1
    return signatures <= maxSignatures && issued.verify(issuer.publicKey)
  }
  const climb = (certificate: X509Certificate): boolean => {
    if (roots.some((root) => root.raw.equals(certificate.raw) || isIssuer(root, certificate))) return true
    for (const next of left) {
      if (!isIssuer(next, certificate)) continue
      left.delete(next)
      if (climb(next)) return true
    }
    return false
  }
  return climb(leaf)
}

function isValid({ validFromDate, validToDate }: X509Certificate, now: Date): boolean {
  return validFromDate <= now && now <= validToDate
}
