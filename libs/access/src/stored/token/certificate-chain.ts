import { X509Certificate } from 'node:crypto'

/** Certificates in a chain, at most: each costs a signature to look at. */
const maxLength = 8

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

/** Whether one of `roots` vouches for the first of `chain`, by means of the others, now. */
export function isVouchedFor(
  [leaf, ...others]: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  now: Date,
): boolean {
  if (leaf === undefined || !isValid(leaf, now)) return false
  const isRoot = (certificate: X509Certificate): boolean => roots.some((root) => root.raw.equals(certificate.raw))
  const climb = (certificate: X509Certificate, left: readonly X509Certificate[]): boolean => {
    if (isRoot(certificate)) return true
    if (roots.some((root) => isIssuer(root, certificate, now))) return true
    return left.some(
      (next) =>
        isIssuer(next, certificate, now) &&
        climb(
          next,
          left.filter((each) => each !== next),
        ),
    )
  }
  return climb(leaf, others)
}

function isIssuer(issuer: X509Certificate, issued: X509Certificate, now: Date): boolean {
  // `checkIssued` compares names, key identifiers, and what the issuer's key may be used for.
  return issuer.ca && isValid(issuer, now) && issued.checkIssued(issuer) && issued.verify(issuer.publicKey)
}

function isValid({ validFromDate, validToDate }: X509Certificate, now: Date): boolean {
  return validFromDate <= now && now <= validToDate
}
