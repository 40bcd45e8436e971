import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** The kinds of keys that {@link makeCertificate} makes. */
export type KeyKind = 'P-256' | 'P-384' | 'rsa' | 'ed25519'

/** For tests: a new key, and a certificate that it signs for itself, for `localhost` and one address. */
export function makeCertificate(
  address: readonly number[] = [127, 0, 0, 1],
  kind: KeyKind = 'P-256',
): { key: string; cert: string } {
  const { privateKey, publicKey } = makeKeys(kind)
  const algorithm = signatureAlgorithm(kind)
  const name = sequence(der(0x31, sequence(objectId('550403'), der(0x0c, Buffer.from('localhost')))))
  const validity = sequence(der(0x17, Buffer.from('200101000000Z')), der(0x18, Buffer.from('21000101000000Z')))
  const names = sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.from(address)))
  const extensions = der(0xa3, sequence(sequence(objectId('551d11'), der(0x04, names))))
  const certified = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    algorithm,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    extensions,
  )
  const signature = der(
    0x03,
    Buffer.concat([Buffer.from([0]), sign(kind === 'ed25519' ? null : 'sha256', certified, privateKey)]),
  )
  const body = sequence(certified, algorithm, signature).toString('base64')
  const lines = body.replaceAll(/.{64}/g, '$&\n').trimEnd()
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  }
}

function makeKeys(kind: KeyKind): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  if (kind === 'rsa') return generateKeyPairSync('rsa', { modulusLength: 2048 })
  if (kind === 'ed25519') return generateKeyPairSync('ed25519')
  return generateKeyPairSync('ec', { namedCurve: kind })
}

function signatureAlgorithm(kind: KeyKind): Buffer {
  if (kind === 'rsa') return sequence(objectId('2a864886f70d01010b'), der(0x05, Buffer.alloc(0))) // sha256WithRSAEncryption
  if (kind === 'ed25519') return sequence(objectId('2b6570'))
  return sequence(objectId('2a8648ce3d040302')) // ecdsa-with-SHA256
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
