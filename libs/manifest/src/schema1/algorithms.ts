/** How a key of one kind signs. These are all that there are: what a document asks for is looked up here, or refused. */
export type SignatureAlgorithm =
  | {
      readonly name: 'ES256' | 'ES384' | 'ES512'
      readonly hash: string
      readonly kty: 'EC'
      readonly crv: 'P-256' | 'P-384' | 'P-521'
      /** Bytes of a coordinate, and of each half of a signature. */
      readonly width: number
    }
  | { readonly name: 'RS256' | 'RS384' | 'RS512'; readonly hash: string; readonly kty: 'RSA' }

export const signatureAlgorithms: readonly SignatureAlgorithm[] = [
  { name: 'ES256', hash: 'sha256', kty: 'EC', crv: 'P-256', width: 32 },
  { name: 'ES384', hash: 'sha384', kty: 'EC', crv: 'P-384', width: 48 },
  { name: 'ES512', hash: 'sha512', kty: 'EC', crv: 'P-521', width: 66 },
  { name: 'RS256', hash: 'sha256', kty: 'RSA' },
  { name: 'RS384', hash: 'sha384', kty: 'RSA' },
  { name: 'RS512', hash: 'sha512', kty: 'RSA' },
]

/** Bits of an RSA modulus: smaller ones are no protection, larger ones are work for whoever verifies. */
export const rsaBits = { min: 2048, max: 8192 }
