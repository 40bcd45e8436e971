import { JsonScanner } from '../json/json-scanner.ts'

const limits = { nesting: 10_000, values: Infinity, refusesLoneSurrogates: false }

/**
 * The members of a JSON object, each value as it is written without white space: numbers keep their digits, and text its
 * escapes. Of members with the same name the last one counts.
 *
 * @param json a valid object
 * @param limit no more members are read once there are more than this
 */
export function rawMembers(json: string, limit = Infinity): Map<string, string> {
  const members = new Map<string, string>()
  const scanner = new JsonScanner(Buffer.from(json), limits)
  if (!scanner.enter()) return members
  do members.set(scanner.name([]), withoutSpace(scanner.skip()))
  while (members.size <= limit && scanner.next())
  return members
}

/** Valid JSON without the white space between its tokens. */
function withoutSpace(json: Uint8Array): string {
  const compact = Buffer.allocUnsafe(json.length)
  let length = 0
  let isText = false
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at] as number
    if (!isText && byte <= 0x20) continue
    if (byte === 0x22 /* " */) isText = !isText
    compact[length++] = byte
    if (isText && byte === 0x5c /* \ */) compact[length++] = json[(at += 1)] as number
  }
  return compact.toString('utf8', 0, length)
}
