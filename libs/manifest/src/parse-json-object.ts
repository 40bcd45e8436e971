import { RegistryError } from '@berth/errors'

export type JsonObject = Readonly<Record<string, unknown>>

// To parse millions of levels takes a second, and to format them again exhausts the stack.
const maxNesting = 100

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @throws RegistryError MANIFEST_INVALID: not UTF-8, not JSON, not an object, or nested more than 100 levels deep */
export function parseJsonObject(content: Uint8Array): JsonObject {
  if (!nestsWithin(content, maxNesting)) throw invalid(`nested more than ${maxNesting} levels deep`)
  const value = parseJson(decode(content))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('must be a JSON object')
  return value as JsonObject
}

function nestsWithin(json: Uint8Array, levels: number): boolean {
  let level = 0
  let inString = false
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at]
    if (inString) {
      if (byte === 0x5c /* \ */) at += 1
      else if (byte === 0x22 /* " */) inString = false
    } else if (byte === 0x22) inString = true
    else if (byte === 0x7b /* { */ || byte === 0x5b /* [ */) level += 1
    else if (byte === 0x7d /* } */ || byte === 0x5d /* ] */) level -= 1
    if (level > levels) return false
  }
  return true
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

function invalid(reason: string, cause?: unknown): RegistryError {
  return new RegistryError('MANIFEST_INVALID', { reason }, cause === undefined ? undefined : { cause })
}
