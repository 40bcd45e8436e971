import { RegistryError } from './registry-error.ts'

/** What `parse` makes of a value; `undefined` where it throws a `RegistryError`, since the value is none. */
export function unlessInvalid<V, T>(parse: (value: V) => T, value: V): T | undefined {
  try {
    return parse(value)
  } catch (error) {
    if (error instanceof RegistryError) return undefined
    throw error
  }
}
