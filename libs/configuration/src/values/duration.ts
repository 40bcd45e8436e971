import { InvalidValue } from '../problems.ts'

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}
const form = /^[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/
const part = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g
/** A regular expression, for JSON Schema, of a duration as {@link parseDuration} takes it. */
export const durationPattern = String.raw`^(?:[-+]?\d+|${form.source.slice(1, -1)})$`
// Go counts nanoseconds in 64 bits.
const longestMs = 2 ** 63 / 1e6

/**
 * A duration as Go writes it (`1h30m`, `500ms`, `0`); a bare integer is nanoseconds.
 *
 * @returns milliseconds, with a fraction where it is finer
 * @throws InvalidValue
 */
export function parseDuration(text: string): number {
  const ms = /^[-+]?\d+$/.test(text) ? Number(text) / 1e6 : parseGoDuration(text)
  if (Math.abs(ms) > longestMs) throw new InvalidValue('is longer than a duration can be')
  return ms
}

function parseGoDuration(text: string): number {
  if (!form.test(text)) throw new InvalidValue('is not a duration, as 30s, 1h30m or 500ms are')
  let ms = 0
  for (const [, digits, unit] of text.matchAll(part)) ms += Number(digits) * (unitMs[unit ?? ''] ?? Number.NaN)
  return text.startsWith('-') ? -ms : ms
}

/** The shortest way to write `ms` in one unit, for descriptions of defaults. */
export function formatDuration(ms: number): string {
  for (const unit of ['h', 'm', 's'] as const) {
    const count = ms / (unitMs[unit] ?? 1)
    if (count >= 1 && Number.isInteger(count)) return `${count}${unit}`
  }
  return `${ms}ms`
}
