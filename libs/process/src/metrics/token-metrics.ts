import type { FamilyRegistry } from './family-registry.ts'

const kinds = ['none', 'password', 'refresh', 'identity'] as const
const outcomes = ['issued', 'refused', 'limited'] as const

export interface TokenMetrics {
  /** Somebody asked the token server for a token. */
  asked(credentials: (typeof kinds)[number], outcome: (typeof outcomes)[number]): void
}

export function createTokenMetrics(registry: FamilyRegistry): TokenMetrics {
  const tokens = registry.counter({
    name: 'berth_tokens_total',
    help: 'Tokens that were asked for, by what was shown for them and what came of it',
    labels: ['credentials', 'outcome'],
  })
  const counters = new Map(
    kinds.map((kind) => [kind, new Map(outcomes.map((outcome) => [outcome, tokens.child(kind, outcome)]))]),
  )
  return { asked: (credentials, outcome) => counters.get(credentials)?.get(outcome)?.add() }
}
