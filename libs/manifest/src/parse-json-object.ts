import { RegistryError } from '@berth/errors'

export type JsonObject = Readonly<Record<string, unknown>>

// What is parsed may be formatted again, which recurses: it must not be able to exhaust the stack.
const maxNesting = 100

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @throws RegistryError MANIFEST_INVALID: not UTF-8, not JSON, not an object, or nested more than 100 levels deep */
export function parseJsonObject(content: Uint8Array): JsonObject {
  const value = parseJson(decode(content))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('must be a JSON object')
  if (!nestsWithin(value, maxNesting)) throw invalid(`nested more than ${maxNesting} levels deep`)
  return value as JsonObject
}

function decode(content: Uint8Array): string {
  try {
    return utf8.decode(content)
  } catch (cause) {
    throw invalid('not valid UTF-8', cause)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw invalid(`not valid JSON: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
  }
}

function nestsWithin(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((each) => nestsWithin(each, levels - 1))
}

function invalid(reason: string, cause?: unknown): RegistryError {
  return new RegistryError('MANIFEST_INVALID', { reason }, cause === undefined ? undefined : { cause })
}
