import type { FamilyRegistry } from './family-registry.ts'

const outcomes = ['granted', 'no credentials', 'invalid credentials', 'insufficient scope', 'limited'] as const

export interface AccessMetrics {
  /** It was decided whether a request is granted what it asks for, or why it is not. */
  decided(outcome: (typeof outcomes)[number]): void
}

export function createAccessMetrics(registry: FamilyRegistry): AccessMetrics {
  const decisions = registry.counter({
    name: 'berth_access_decisions_total',
    help: 'Requests that were decided about, by what came of it',
    labels: ['outcome'],
  })
  const counters = new Map(outcomes.map((outcome) => [outcome, decisions.child(outcome.replaceAll(' ', '_'))]))
  return { decided: (outcome) => counters.get(outcome)?.add() }
}
