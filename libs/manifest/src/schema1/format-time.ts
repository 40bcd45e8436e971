const form = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))$/

/** What Go's time is where nobody set it. */
const zero = '0001-01-01T00:00:00Z'

/**
 * A time of RFC 3339 as Go writes what it read: nanoseconds, without zeros at their end, and no offset of zero.
 *
 * @returns `undefined` where it is none
 */
export function reformatTime(text: unknown): string | undefined {
  if (text === undefined || text === null) return zero
  const match = typeof text === 'string' && text.length <= 64 ? form.exec(text) : null
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHours, offsetMinutes] = match
  const isTime = Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60
  const isOffset = Number(offsetHours ?? 0) <= 24 && Number(offsetMinutes ?? 0) < 60
  if (!isTime || !isOffset || !isDay(Number(year), Number(month), Number(day))) return undefined
  const digits = fraction.slice(0, 9).replace(/0+$/, '')
  const isUtc = sign === undefined || `${offsetHours}${offsetMinutes}` === '0000'
  const offset = isUtc ? 'Z' : `${sign}${offsetHours}:${offsetMinutes}`
  return `${year}-${month}-${day}T${hour}:${minute}:${second}${digits === '' ? '' : `.${digits}`}${offset}`
}

function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}
