import { ConfigError } from '../problems.ts'

type Required<T> = { readonly [K in keyof T]-?: NonNullable<T[K]> }

/**
 * The values of keys that are optional in a configuration, and required by a process.
 *
 * @param values by their keys; an empty list is the same as nothing
 * @throws ConfigError with every key that is missing
 */
export function requireKeys<const T extends Readonly<Record<string, unknown>>>(app: string, values: T): Required<T> {
  const missing = Object.entries(values).filter(([, value]) => isMissing(value))
  const problems = missing.map(([path]) => ({ path, message: `is required: ${app} does not work without it` }))
  if (problems.length > 0) throw new ConfigError(app, problems)
  return values as Required<T>
}

function isMissing(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0)
}
