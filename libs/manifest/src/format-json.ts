const escaped = [
  ['<', '\\u003c'],
  ['>', '\\u003e'],
  ['&', '\\u0026'],
  ['\u2028', '\\u2028'],
  ['\u2029', '\\u2029'],
] as const

const long: Readonly<Record<string, string>> = { '\\b': '\\u0008', '\\f': '\\u000c' }

/**
 * JSON as Go's encoder writes it, byte for byte: digests of what is built here are those that Docker's tools compute.
 *
 * @param indent what each level is indented by; all is on one line where it is absent
 */
export function formatJson(value: unknown, indent?: string): string {
  // Go has short forms of these since 1.22 only, and every Distribution 2.8 is older.
  const json = JSON.stringify(value, undefined, indent)
  const hasShort = json.includes('\\b') || json.includes('\\f')
  return escapeHtml(hasShort ? json.replace(/\\./g, (escape) => long[escape] ?? escape) : json)
}

/** What Go escapes beyond the rules of JSON: what would end a script in a page, or a line in one. */
export function escapeHtml(json: string): string {
  return escaped.reduce((text, [character, escape]) => text.replaceAll(character, escape), json)
}
