import { durationPattern, formatDuration, parseDuration } from '../values/duration.ts'
import { nearest } from '../values/nearest.ts'
import { InvalidValue } from '../problems.ts'
import type { Scalar } from '../sources/tree.ts'
import type { JsonSchema, Leaf, Meta } from './node.ts'

/** A leaf's facts: without a default it is `undefined` where it is not written; a required one must be written. */
export type LeafMeta = Meta & {
  readonly default?: unknown
  /** The default as it would be written, where it is not the same. */
  readonly defaultText?: string
  /** Describes a default that depends on other keys or on the machine. */
  readonly defaultNote?: string
  /** JSON Schema of the values that may be written; by default any single value. */
  readonly json?: JsonSchema
  readonly required?: true
}

type Unwritten<M> = M extends { readonly required: true }
  ? never
  : M extends { readonly default: infer D }
    ? D
    : undefined

/** A value of any kind: `parse` gets the text as it was written. */
export function value<T, const M extends LeafMeta>(
  type: string,
  meta: M,
  parse: (text: string, warn: (message: string) => void) => T,
): Leaf<T | Unwritten<M>> {
  return leaf(type, meta, (scalar, warn) => parse(scalar.text, warn))
}

export function text<const M extends LeafMeta>(meta: M): Leaf<string | Unwritten<M>> {
  return value('text', meta, (written) => written)
}

/** Text that can stand in a header of a request. It may be a secret, so it is not repeated. */
export function headerText<const M extends LeafMeta>(meta: M): Leaf<string | Unwritten<M>> {
  return value('text', meta, (written) => {
    if (/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(written)) return written
    throw new InvalidValue('has characters, or blanks at an end, that no header of a request can have')
  })
}

/** A boolean, in any of YAML 1.1's spellings, since Distribution takes those. */
export function flag<const M extends LeafMeta>(meta: M): Leaf<boolean | Unwritten<M>> {
  const json = { type: ['boolean', 'string'], pattern: anyCase('true', 'yes', 'y', 'on', 'false', 'no', 'n', 'off') }
  const read = value('true or false', { json, ...meta }, (written) => {
    const parsed = parseFlag(written)
    if (parsed === undefined) throw new InvalidValue('is neither true nor false')
    return parsed
  })
  return { ...read, format: asItIs }
}

export function parseFlag(written: string): boolean | undefined {
  if (/^(?:true|yes|y|on)$/i.test(written)) return true
  if (/^(?:false|no|n|off)$/i.test(written)) return false
  return undefined
}

export function integer<const M extends LeafMeta & { min?: number; max?: number }>(
  meta: M,
): Leaf<number | Unwritten<M>> {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = meta
  const range = { ...(meta.min !== undefined && { minimum: min }), ...(meta.max !== undefined && { maximum: max }) }
  const json = { type: ['integer', 'string'], ...range, pattern: String.raw`^[-+]?\d+$` }
  const read = leaf('integer', { json, ...meta }, ({ value: read, text: written }) => {
    const parsed = typeof read === 'number' ? read : /^[-+]?\d+$/.test(written) ? Number(written) : Number.NaN
    if (!Number.isInteger(parsed)) throw new InvalidValue('is not an integer')
    if (parsed < min || parsed > max) throw new InvalidValue(`is not ${rangeText(min, max)}`)
    return parsed
  })
  return { ...read, format: asItIs }
}

function rangeText(min: number, max: number): string {
  if (max === Number.MAX_SAFE_INTEGER) return `${min} or more`
  if (min === Number.MIN_SAFE_INTEGER) return `${max} or less`
  return `between ${min} and ${max}`
}

// Node's timers count milliseconds in 31 bits, and fire at once beyond.
const longestTimerMs = 2 ** 31 - 1

/** A length of time, in milliseconds; by default none that a timer could not wait for. */
export function duration<const M extends LeafMeta & { minMs?: number; maxMs?: number }>(
  meta: M,
): Leaf<number | Unwritten<M>> {
  const { minMs = 0, maxMs = longestTimerMs } = meta
  const json = { type: ['string', 'integer'], pattern: durationPattern }
  const read = value('duration', { json, ...meta }, (written, warn) => {
    const ms = parseDuration(written)
    if (ms < minMs) throw new InvalidValue(`is shorter than ${formatDuration(minMs)}`)
    if (ms > maxMs) throw new InvalidValue(`is longer than ${Math.floor(maxMs / 3_600_000)}h`)
    if (/^\d+$/.test(written) && ms > 0 && ms < 1) warn('is a number without a unit, so it counts nanoseconds')
    return ms
  })
  const shown = { ...read, format: (ms: unknown) => formatDuration(ms as number) }
  return typeof read.default === 'number' ? { ...shown, defaultText: formatDuration(read.default) } : shown
}

/** One of some words, in any case where `anyCase`. */
export function oneOf<const T extends string, const M extends LeafMeta & { anyCase?: true; refusal?: string }>(
  words: readonly T[],
  meta: M,
): Leaf<T | Unwritten<M>> {
  const json = meta.anyCase ? { type: 'string', pattern: anyCase(...words), examples: words } : { enum: words }
  return value(words.join(', '), { json, ...meta }, (written) => {
    const wanted = meta.anyCase ? written.toLowerCase() : written
    const found = words.find((word) => word === wanted)
    if (found !== undefined) return found
    const near = nearest(wanted, words)
    const hint = near === undefined ? '' : `; did you mean ${near}?`
    throw new InvalidValue(`${meta.refusal ?? `is not one of ${words.join(', ')}`}${hint}`)
  })
}

export function url<const M extends LeafMeta>(meta: M): Leaf<string | Unwritten<M>> {
  const json = { type: 'string', pattern: '^[hH][tT][tT][pP][sS]?:' }
  return value('URL', { json, ...meta }, (written) => {
    const parsed = URL.parse(written)
    if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
      throw new InvalidValue('is not an http or https URL')
    }
    return written
  })
}

/** A leaf that is given its whole scalar. */
function leaf<T, const M extends LeafMeta>(
  type: string,
  meta: M,
  parse: (scalar: Scalar, warn: (message: string) => void) => T,
): Leaf<T | Unwritten<M>> {
  return {
    ...meta,
    kind: 'leaf',
    type,
    parse,
    default: meta.default as Unwritten<M>,
    defaultText: meta.defaultText ?? textOf(meta.default),
    defaultNote: meta.defaultNote,
    required: meta.required ?? false,
    json: meta.json ?? { type: ['string', 'number', 'boolean'] },
  }
}

function textOf(written: unknown): string | undefined {
  return typeof written === 'string' || written === undefined ? written : JSON.stringify(written)
}

/** A regular expression, for JSON Schema, of some words in any case. */
function anyCase(...words: readonly string[]): string {
  const letters = (word: string) => word.replaceAll(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`)
  return `^(?:${words.map(letters).join('|')})$`
}

function asItIs(value: unknown): unknown {
  return value
}
