/**
 * The members of a JSON object, each value as it is written but for white space: numbers keep their digits, and texts
 * their escapes. Of members of one name there is the last.
 *
 * @param json a valid object
 */
export function rawMembers(json: string): Map<string, string> {
  const members = new Map<string, string>()
  let depth = 0
  let name: string | undefined
  let written: string[] = []
  const end = (): void => {
    if (name !== undefined) members.set(name, written.join(''))
    name = undefined
    written = []
  }
  for (let at = 0; at < json.length;) {
    const until = endOfToken(json, at)
    const token = json.slice(at, until)
    at = until
    const isOpening = token === '{' || token === '['
    if (isOpening) depth += 1
    else if (token === '}' || token === ']') depth -= 1
    if (depth === 0 || (depth === 1 && token === ',')) end()
    else if (depth === 1 && name === undefined && token.startsWith('"')) name = JSON.parse(token) as string
    else if (name !== undefined && !isSpace(token) && !(token === ':' && depth === 1)) written.push(token)
  }
  return members
}

/** Where the token that begins at `at` ends: a text, a run of white space, a sign, or anything else. */
function endOfToken(json: string, at: number): number {
  if (json[at] === '"') return endOfText(json, at)
  const pattern = isSpace(json[at] ?? '') ? space : literal
  pattern.lastIndex = at
  return pattern.test(json) ? pattern.lastIndex : at + 1
}

const space = /[ \t\r\n]+/y
const literal = /[^ \t\r\n"{}[\],:]+/y

function isSpace(token: string): boolean {
  return /^[ \t\r\n]/.test(token)
}

/** Past the quote that ends the text that begins at `start`. */
function endOfText(json: string, start: number): number {
  for (let quote = json.indexOf('"', start + 1); quote >= 0; quote = json.indexOf('"', quote + 1)) {
    let escapes = 0
    while (json[quote - 1 - escapes] === '\\') escapes += 1
    if (escapes % 2 === 0) return quote + 1
  }
  return json.length
}
