/** Who asks, as credentials proved. It is told in logs and events, and decides nothing that was not decided already. */
export interface Identity {
  /** The user, or a token's subject. */
  readonly name: string
}
