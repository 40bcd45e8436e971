import { type KeyObject, sign, X509Certificate } from 'node:crypto'

export interface CertificateToIssue {
  readonly name: string
  readonly publicKey: KeyObject
  /** Who signs, with a key on P-256; the name of the certificate itself where it signs itself. */
  readonly issuer: { readonly name: string; readonly privateKey: KeyObject }
  readonly isAuthority: boolean
  readonly until?: Date
}

let serial = 1

/** For tests: a certificate. */
export function issueCertificate(options: CertificateToIssue): X509Certificate {
  const { name, publicKey, issuer, isAuthority, until = new Date('2100-01-01') } = options
  const algorithm = sequence(objectId('2a8648ce3d040302')) // ecdsa-with-SHA256
  const authority = isAuthority ? [der(0x01, Buffer.from([0xff]))] : []
  const constraints = sequence(objectId('551d13'), der(0x04, sequence(...authority)))
  const certified = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([serial++])),
    algorithm,
    nameOf(issuer.name),
    sequence(der(0x17, Buffer.from('200101000000Z')), der(0x18, timeOf(until))),
    nameOf(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(constraints)),
  )
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', certified, issuer.privateKey)]))
  return new X509Certificate(sequence(certified, algorithm, signature))
}

function nameOf(name: string): Buffer {
  return sequence(der(0x31, sequence(objectId('550403'), der(0x0c, Buffer.from(name)))))
}

function timeOf(date: Date): Buffer {
  return Buffer.from(`${date.toISOString().replaceAll(/[-:T]|\.\d+Z$/g, '')}Z`)
}

/** A value in ASN.1's distinguished encoding. */
function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

function sequence(...parts: Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts))
}

function objectId(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'))
}
