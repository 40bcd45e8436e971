const escaped: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
}

/**
 * JSON as Go's encoder writes it, byte for byte: digests of what is built here are those that Docker's tools compute.
 *
 * @param indent what each level is indented by; all is on one line where it is absent
 */
export function formatJson(value: unknown, indent?: string): string {
  return escapeHtml(JSON.stringify(value, undefined, indent))
}

/** What Go escapes beyond the rules of JSON: what would end a script in a page, or a line in one. */
export function escapeHtml(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, (character) => escaped[character] ?? character)
}
