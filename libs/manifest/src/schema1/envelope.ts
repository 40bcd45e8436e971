import { formatJson } from '../format-json.ts'

/** A signature as a schema1 manifest carries it. */
export interface SignatureBlock {
  readonly header: { readonly jwk: unknown; readonly alg: string }
  readonly signature: string
  readonly protected: string
}

/** Where signatures are put into a payload, which is a JSON object. */
export interface Seam {
  /** How many bytes stand before them: all up to the object's last member. */
  readonly formatLength: number
  /** What comes after those in the payload: white space, and the closing brace. */
  readonly formatTail: Uint8Array
}

/** Deeper than anybody indents. Of more, signatures would be many times as large as what they sign. */
const maxIndent = 16

/** The seam of a payload; `undefined` where it does not end as an object with members does. */
export function seamOf(payload: Uint8Array): Seam | undefined {
  const brace = lastBefore(payload, payload.byteLength)
  if (payload[brace] !== 0x7d /* } */) return undefined
  const last = lastBefore(payload, brace)
  if (last < 1 || payload[last] === 0x2c /* , */) return undefined
  return { formatLength: last + 1, formatTail: payload.subarray(last + 1) }
}

/** Whether a tail is one that a seam can have: it must not hide anything. */
export function isTail(tail: Uint8Array): boolean {
  const brace = lastBefore(tail, tail.byteLength)
  return tail[brace] === 0x7d && lastBefore(tail, brace) === -1
}

/** A payload with its signatures as its last member, in libtrust's "pretty" form: indented where the payload is. */
export function attachSignatures(payload: Uint8Array, formatLength: number, signatures: readonly unknown[]): Buffer {
  const indent = indentOf(payload)
  const member =
    indent === ''
      ? `,"signatures":${formatJson(signatures)}`
      : `,\n${indent}"signatures": ${indented(formatJson(signatures, ' '), indent)}\n`
  return Buffer.concat([payload.subarray(0, formatLength), Buffer.from(`${member}}`)])
}

/** What the payload's members are indented by; nothing where they are not, each on a line of its own. */
function indentOf(payload: Uint8Array): string {
  if (payload[0] !== 0x7b /* { */ || payload[1] !== 0x0a /* \n */) return ''
  const quote = payload.indexOf(0x22 /* " */)
  if (quote < 0 || quote - 2 > maxIndent) return ''
  const indent = Buffer.from(payload.subarray(2, quote)).toString('latin1')
  return /^[ \t]*$/.test(indent) ? indent : ''
}

/** JSON of one space a level, one level deeper and each level as deep as `indent`. */
function indented(json: string, indent: string): string {
  return json.replace(/\n( *)/g, (_line, spaces: string) => `\n${indent.repeat(spaces.length + 1)}`)
}

/** Where the last byte before `end` stands that is no white space of JSON; -1 where there is none. */
function lastBefore(bytes: Uint8Array, end: number): number {
  let at = end - 1
  while (at >= 0 && [0x20, 0x09, 0x0a, 0x0d].includes(bytes[at] as number)) at -= 1
  return at
}
