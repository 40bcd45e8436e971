import type { Claims } from '../policy/subject.ts'

/**
 * What a token says, by the names that policies use: its own claims, and those that a name was given to. Such a name is
 * never another claim's, where the token does not have what it stands for.
 */
export function readClaims(
  payload: Readonly<Record<string, unknown>>,
  named: Readonly<Record<string, string>>,
): Claims {
  const claims = new Map(Object.entries(payload).map(([name, value]) => [name, valuesOf(value)]))
  for (const [name, pointer] of Object.entries(named)) claims.set(name, valuesOf(valueAt(payload, pointer)))
  return claims
}

function valuesOf(value: unknown): readonly string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  return values.flatMap((each) => {
    if (typeof each === 'string') return [each]
    return typeof each === 'number' || typeof each === 'boolean' ? [String(each)] : []
  })
}

/** @param pointer of JSON, or only the name of a claim @see RFC 6901 */
function valueAt(payload: unknown, pointer: string): unknown {
  const steps = pointer.startsWith('/')
    ? pointer
        .slice(1)
        .split('/')
        .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    : [pointer]
  return steps.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, step)
        ? (value as Record<string, unknown>)[step]
        : undefined,
    payload,
  )
}
