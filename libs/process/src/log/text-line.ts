/** The names of the fields that every line has; they differ between the forms of a line. */
const ownFields = new Set(['level', 'time', 'msg'])

/** Fields that hold an error, as pino's serializer leaves it. */
const errorFields = new Set(['err', 'error'])

const colours: Readonly<Record<string, string>> = {
  fatal: '\u001B[31m',
  error: '\u001B[31m',
  warn: '\u001B[33m',
  info: '\u001B[32m',
  debug: '\u001B[2m',
}
const dim = '\u001B[2m'
const plain = '\u001B[0m'

/**
 * Turns a JSON line into one for people: `12:01:02.003 info  blob committed repository=a/b size=12`.
 * A stack follows on lines of its own.
 *
 * @param line as pino writes it; anything else is passed on as it is
 * @param colour for a terminal: colours, and the time of day alone
 */
export function formatTextLine(line: string, colour: boolean): string {
  const fields = parse(line)
  if (fields === undefined) return line
  const level = textOf(fields['level'])
  const time = textOf(fields['time'])
  const parts = colour
    ? [`${dim}${time.slice(11, 23)}${plain}`, `${colours[level] ?? ''}${level.padEnd(5)}${plain}`]
    : [time, level.padEnd(5)]
  parts.push(printable(textOf(fields['msg'])))
  let stack = ''
  for (const [name, value] of Object.entries(fields)) {
    if (ownFields.has(name)) continue
    if (errorFields.has(name) && isRecord(value)) {
      stack += stackOf(value)
      parts.push(pair(name, value['message'], colour))
    } else {
      parts.push(pair(name, value, colour))
    }
  }
  return `${parts.join(' ')}\n${stack}`
}

function pair(name: string, value: unknown, colour: boolean): string {
  const text = typeof value === 'string' && /^[^\s"=\p{Cc}]+$/u.test(value) ? value : (JSON.stringify(value) ?? '')
  const label = `${printable(name)}=`
  return `${colour ? `${dim}${label}${plain}` : label}${printable(text)}`
}

function stackOf(error: Readonly<Record<string, unknown>>): string {
  const stack = error['stack']
  if (typeof stack !== 'string') return ''
  return stack
    .split('\n')
    .map((line) => `    ${printable(line)}\n`)
    .join('')
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(line)
    return isRecord(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? '')
}

/** What a client sent must not move a terminal's cursor. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
