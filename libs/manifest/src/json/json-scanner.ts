import { RegistryError } from '@berth/errors'

const quote = 0x22
const comma = 0x2c
const minus = 0x2d
const dot = 0x2e
const colon = 0x3a
const openBracket = 0x5b
const backslash = 0x5c
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d
/** In place of a byte, after the last one. */
const end = -1

const shortEscapes: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'))
const literals: readonly Uint8Array[] = ['true', 'false', 'null'].map((word) => Buffer.from(word))

/** The name of a member that a reader looks for, with its bytes. */
export interface Name {
  readonly text: string
  readonly bytes: Uint8Array
}

export interface ScanLimits {
  /** Maximum levels of objects and lists. */
  readonly nesting: number
  /** Maximum number of values: objects, lists, and all that is in them. */
  readonly values: number
  /** Whether half of a surrogate pair is refused: some programs replace it, and others keep it. */
  readonly refusesLoneSurrogates: boolean
}

/**
 * Goes through the bytes of a JSON document, a token at a time, and allocates nothing for what the caller skips.
 * Every method throws a RegistryError MANIFEST_INVALID where the bytes are not JSON, or exceed a limit.
 */
export class JsonScanner {
  readonly #bytes: Buffer
  readonly #limits: ScanLimits
  /** For each object or list around the position, whether it is an object. */
  readonly #levels: boolean[] = []
  #at = 0
  #values = 0

  constructor(content: Uint8Array, limits: ScanLimits) {
    this.#bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
    this.#limits = limits
  }

  /** The kind of the value that comes next. `other`: a number, `true`, `false` or `null`. */
  kind(): 'object' | 'list' | 'text' | 'other' {
    const byte = this.#peek()
    if (byte === quote) return 'text'
    if (byte === openBrace) return 'object'
    return byte === openBracket ? 'list' : 'other'
  }

  /** Enters the object or list that comes next. @returns whether anything is in it; if not, it is left again */
  enter(): boolean {
    const isObject = this.#peek() === openBrace
    this.#count()
    this.#at += 1
    if (this.#levels.push(isObject) > this.#limits.nesting)
      throw invalid(`nested more than ${this.#limits.nesting} levels deep`)
    if (this.#peek() !== (isObject ? closeBrace : closeBracket)) return true
    this.#leave()
    return false
  }

  /** Goes on after a value in an object or list. @returns whether another follows; if not, the object or list is left */
  next(): boolean {
    const byte = this.#peek()
    if (byte === comma) {
      this.#at += 1
      return true
    }
    if (byte !== (this.#isInObject() ? closeBrace : closeBracket)) throw this.#unexpected()
    this.#leave()
    return false
  }

  /** The name of the member that comes next. Nothing is allocated for one of `known`. */
  name(known: readonly Name[]): string {
    if (this.#peek() !== quote) throw this.#unexpected()
    const start = this.#at
    const hasEscapes = this.#passText()
    const after = this.#at
    this.#passColon()
    if (hasEscapes) return this.#unescaped(start, after)
    const length = after - start - 2
    for (const { text, bytes } of known) if (bytes.length === length && this.#isAt(bytes, start + 1)) return text
    return this.#bytes.toString('utf8', start + 1, after - 1)
  }

  /** The text that comes next. */
  text(): string {
    this.#count()
    const start = this.#at
    const hasEscapes = this.#passText()
    return hasEscapes ? this.#unescaped(start, this.#at) : this.#bytes.toString('utf8', start + 1, this.#at - 1)
  }

  /** The number, `true`, `false` or `null` that comes next, as it is written. */
  scalar(): string {
    this.#count()
    const start = this.#at
    this.#passScalar()
    return this.#bytes.toString('latin1', start, this.#at)
  }

  /** Passes over the value that comes next, whatever it is. @returns its bytes */
  skip(): Uint8Array {
    const outer = this.#levels.length
    let isAtValue = true
    this.#peek()
    const start = this.#at
    do {
      if (!isAtValue) isAtValue = this.next()
      else {
        if (this.#levels.length > outer && this.#isInObject()) this.#passName()
        isAtValue = this.#passOrEnter()
      }
    } while (this.#levels.length > outer)
    return this.#bytes.subarray(start, this.#at)
  }

  /** Checks that nothing follows the document. */
  end(): void {
    if (this.#peek() !== end) throw this.#unexpected()
  }

  /** @returns whether the position is at a value in the object or list that was entered */
  #passOrEnter(): boolean {
    const byte = this.#peek()
    if (byte === openBrace || byte === openBracket) return this.enter()
    this.#count()
    if (byte === quote) this.#passText()
    else this.#passScalar()
    return false
  }

  #isInObject(): boolean {
    return this.#levels[this.#levels.length - 1] === true
  }

  #leave(): void {
    this.#at += 1
    this.#levels.pop()
  }

  #count(): void {
    this.#values += 1
    if (this.#values > this.#limits.values) throw invalid(`more than ${this.#limits.values} values`)
  }

  /** The next byte that is not white space. */
  #peek(): number {
    const bytes = this.#bytes
    for (let at = this.#at; at < bytes.length; at += 1) {
      const byte = bytes[at] as number
      if (byte > 0x20 || !isSpace(byte)) {
        this.#at = at
        return byte
      }
    }
    this.#at = bytes.length
    return end
  }

  #passName(): void {
    if (this.#peek() !== quote) throw this.#unexpected()
    this.#passText()
    this.#passColon()
  }

  #passColon(): void {
    if (this.#peek() !== colon) throw this.#unexpected()
    this.#at += 1
  }

  /** Passes over the text that begins at the position. @returns whether it has escapes */
  #passText(): boolean {
    const bytes = this.#bytes
    let hasEscapes = false
    let at = this.#at + 1
    for (;;) {
      const byte = bytes[at]
      if (byte === quote) break
      if (byte === backslash) {
        hasEscapes = true
        this.#at = at
        at = this.#afterEscape()
      } else if (byte === undefined || byte < 0x20) {
        this.#at = at
        throw this.#unexpected()
      } else at += 1
    }
    this.#at = at + 1
    return hasEscapes
  }

  /** @returns where the escape at the position ends */
  #afterEscape(): number {
    const at = this.#at
    const code = this.#bytes[at + 1] ?? end
    if (shortEscapes.has(code)) return at + 2
    const unit = this.#escapedUnit(at)
    if (unit === undefined) throw this.#unexpected()
    if (!this.#limits.refusesLoneSurrogates || (unit & 0xf800) !== 0xd800) return at + 6
    const second = unit < 0xdc00 ? this.#escapedUnit(at + 6) : undefined
    if (second === undefined || (second & 0xfc00) !== 0xdc00) throw invalid('has text with half of a surrogate pair')
    return at + 12
  }

  /** The UTF-16 unit that is escaped as `\uXXXX` at `at`. */
  #escapedUnit(at: number): number | undefined {
    if (this.#bytes[at] !== backslash || this.#bytes[at + 1] !== 0x75 /* u */) return undefined
    const digits = this.#bytes.toString('latin1', at + 2, at + 6)
    return /^[\dA-Fa-f]{4}$/.test(digits) ? Number.parseInt(digits, 16) : undefined
  }

  #unescaped(start: number, after: number): string {
    return JSON.parse(this.#bytes.toString('utf8', start, after)) as string
  }

  #passScalar(): void {
    const byte = this.#peek()
    if (byte === minus || isDigit(byte)) this.#passNumber()
    else {
      const literal = literals.find((each) => this.#isAt(each, this.#at))
      if (literal === undefined) throw this.#unexpected()
      this.#at += literal.length
    }
  }

  #passNumber(): void {
    const bytes = this.#bytes
    if (bytes[this.#at] === minus) this.#at += 1
    if (bytes[this.#at] === 0x30 /* 0 */) this.#at += 1
    else this.#passDigits()
    if (bytes[this.#at] === dot) {
      this.#at += 1
      this.#passDigits()
    }
    if (((bytes[this.#at] ?? 0) | 0x20) !== 0x65 /* e */) return
    this.#at += 1
    const sign = bytes[this.#at]
    if (sign === minus || sign === 0x2b /* + */) this.#at += 1
    this.#passDigits()
  }

  #passDigits(): void {
    if (!isDigit(this.#bytes[this.#at] ?? end)) throw this.#unexpected()
    while (isDigit(this.#bytes[this.#at] ?? end)) this.#at += 1
  }

  #isAt(expected: Uint8Array, at: number): boolean {
    for (let index = 0; index < expected.length; index += 1)
      if (this.#bytes[at + index] !== expected[index]) return false
    return true
  }

  #unexpected(): RegistryError {
    if (this.#at >= this.#bytes.length) return invalid('not valid JSON: Unexpected end of JSON input')
    return invalid(`not valid JSON: unexpected byte at offset ${this.#at}`)
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

function invalid(reason: string): RegistryError {
  return new RegistryError('MANIFEST_INVALID', { reason })
}
