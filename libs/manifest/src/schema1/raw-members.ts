const quote = 0x22
const comma = 0x2c
const colon = 0x3a

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
  let written = ''
  /** Where what is not written yet begins; -1 where there is none. */
  let from = -1
  const write = (until: number): void => {
    if (from >= 0) written += json.slice(from, until)
    from = -1
  }
  const end = (at: number): void => {
    write(at)
    if (name !== undefined) members.set(name, written)
    name = undefined
    written = ''
  }
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at)
    const start = at
    if (isSpace(code)) {
      write(at)
      continue
    }
    if (code === quote) at = endOfText(json, at) - 1
    else if (isOpening(code)) depth += 1
    else if (isClosing(code)) depth -= 1
    if (depth === 0 || (depth === 1 && code === comma)) end(start)
    else if (depth === 1 && name === undefined && code === quote) name = JSON.parse(json.slice(start, at + 1)) as string
    else if (name !== undefined && from < 0 && !(depth === 1 && code === colon)) from = start
  }
  return members
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

function isOpening(code: number): boolean {
  return code === 0x7b /* { */ || code === 0x5b /* [ */
}

function isClosing(code: number): boolean {
  return code === 0x7d /* } */ || code === 0x5d /* ] */
}

/** Past the quote that ends the text that begins at `start`. */
function endOfText(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); end >= 0; end = json.indexOf('"', end + 1)) {
    let escapes = 0
    while (json[end - 1 - escapes] === '\\') escapes += 1
    if (escapes % 2 === 0) return end + 1
  }
  return json.length
}
