import { Secret } from '../values/secret.ts'
import type { EffectiveValue } from './effective-values.ts'

/** A key that has different values in two configurations. */
export interface Difference {
  readonly path: string
  /** `undefined`: the first configuration has no value of this key. */
  readonly before: EffectiveValue | undefined
  /** `undefined`: the second configuration has no value of this key. */
  readonly after: EffectiveValue | undefined
}

/** The keys that have different values, in the order of `after`, then those that only `before` has. Secrets are compared, too. */
export function differencesOf(
  before: readonly EffectiveValue[],
  after: readonly EffectiveValue[],
): readonly Difference[] {
  const earlier = byPath(before)
  const later = byPath(after)
  const paths = new Set([...later.keys(), ...earlier.keys()])
  return [...paths]
    .map((path) => ({ path, before: earlier.get(path), after: later.get(path) }))
    .filter(({ before, after }) => comparable(before) !== comparable(after))
}

function byPath(values: readonly EffectiveValue[]): ReadonlyMap<string, EffectiveValue> {
  return new Map(values.map((value) => [value.path, value]))
}

function comparable(of: EffectiveValue | undefined): string | undefined {
  if (of === undefined) return undefined
  return of.value instanceof Secret ? `secret ${of.value.reveal()}` : JSON.stringify(of.value)
}
