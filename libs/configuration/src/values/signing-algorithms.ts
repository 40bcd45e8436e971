/** The algorithms that may sign tokens. */
export const signingAlgorithms = [
  ...(['EdDSA', 'HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512'] as const),
] as const

export type SigningAlgorithm = (typeof signingAlgorithms)[number]
