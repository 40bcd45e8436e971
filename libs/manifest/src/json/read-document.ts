import { isUtf8 } from 'node:buffer'
import { RegistryError } from '@berth/errors'
import { goName } from './go-name.ts'
import { JsonScanner } from './json-scanner.ts'
import type { ObjectShape, Shape } from './shape.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** Maximum number of values. A manifest of 4 MiB that consists of nothing but small layers has 150,000. */
const maxValues = 250_000
/** Maximum number of members of an object whose names are looked at, such as annotations. */
const maxMembers = 10_000
/** Maximum size in bytes of a value that is read as a whole. */
const maxWhole = 64 * 1024
const isThereTwice = 'is there twice'
const hasTooMany = `has more than ${maxMembers} members`
const integerForm = /^(?:0|-?[1-9]\d*)$/
const strictLimits = { nesting: 100, values: maxValues, refusesLoneSurrogates: true }
/** Go reads no deeper. */
const lenientLimits = { nesting: 10_000, values: Infinity, refusesLoneSurrogates: false }

/**
 * Reads what `shape` names from a document that a client sends. All programs must read the same in it, so what they
 * read in different ways is refused: names that Go takes for a known one, a name that is there twice, numbers that are
 * not written as integers, text that is not Unicode.
 *
 * @throws RegistryError MANIFEST_INVALID: not a JSON object, ambiguous, or more than 250,000 values, 10,000 members of
 *   an object with known names, or 100 levels
 */
export function readStrictly(content: Uint8Array, shape: ObjectShape): JsonObject {
  if (!isUtf8(content)) throw invalid('not valid UTF-8')
  return new DocumentReader(new JsonScanner(content, strictLimits), true).read(shape)
}

/**
 * Reads what `shape` names from a document that is stored, as Go does, who may have let it in: names are compared without
 * case, and of members that are there twice the later one changes what the earlier one left.
 *
 * @throws RegistryError MANIFEST_INVALID: not a JSON object, or more than 250,000 values would be kept
 */
export function readAsGo(content: Uint8Array, shape: ObjectShape): JsonObject {
  return new DocumentReader(new JsonScanner(content, lenientLimits), false).read(shape)
}

class DocumentReader {
  readonly #scanner: JsonScanner
  readonly #isStrict: boolean
  /** The names and indexes that lead to the value that is read. */
  readonly #path: (string | number)[] = []
  #kept = 0

  constructor(scanner: JsonScanner, isStrict: boolean) {
    this.#scanner = scanner
    this.#isStrict = isStrict
  }

  read(shape: ObjectShape): JsonObject {
    const isObject = this.#scanner.kind() === 'object'
    const document = isObject ? this.#readObject(shape, undefined) : this.#scanner.skip()
    this.#scanner.end()
    if (!isObject) throw invalid('must be a JSON object')
    return document as JsonObject
  }

  /** @param before what an earlier member of the same name left; never in strict reading */
  #read(shape: Shape, before: unknown): unknown {
    const scanner = this.#scanner
    const kind = scanner.kind()
    this.#kept += 1
    if (this.#kept > maxValues) throw invalid(`more than ${maxValues} values`)
    if (shape.kind === 'whole') return this.#readWhole()
    if (kind === 'text') {
      if (shape.kind !== 'unread') return scanner.text()
      scanner.skip()
      return ''
    }
    if (kind === 'other') return this.#readScalar(shape, before)
    if (kind === 'list' && shape.kind === 'list') return this.#readList(shape.of, before)
    if (kind === 'object' && shape.kind === 'object') return this.#readObject(shape, before)
    if (kind === 'object' && shape.kind === 'map') return this.#readMap(shape.of, before)
    scanner.skip()
    return kind === 'object' ? {} : []
  }

  #readScalar(shape: Shape, before: unknown): unknown {
    const written = this.#scanner.scalar()
    // To Go, null in a field that cannot be nil changes nothing.
    if (written === 'null') return canBeNil(shape) ? null : (before ?? null)
    if (written === 'true' || written === 'false') return written === 'true'
    if (this.#isStrict && shape.kind === 'integer' && !integerForm.test(written))
      throw this.#invalid('must be written as an integer')
    return Number(written)
  }

  #readWhole(): unknown {
    const bytes = this.#scanner.skip()
    if (bytes.byteLength > maxWhole) throw this.#invalid(`must not be larger than ${maxWhole} bytes`)
    return JSON.parse(Buffer.from(bytes).toString()) as unknown
  }

  #readList(of: Shape, before: unknown): unknown {
    const earlier: readonly unknown[] = Array.isArray(before) ? before : []
    const list: unknown[] = []
    if (!this.#scanner.enter()) return list
    const level = this.#path.push(0) - 1
    do {
      this.#path[level] = list.length
      list.push(this.#read(of, earlier[list.length]))
    } while (this.#scanner.next())
    this.#path.pop()
    return list
  }

  #readMap(of: Shape, before: unknown): unknown {
    const map = new Map<string, unknown>(isObject(before) ? Object.entries(before) : [])
    if (!this.#scanner.enter()) return Object.fromEntries(map)
    let isTooLarge = false
    do {
      const name = this.#scanner.name([])
      if (this.#isStrict && map.has(name)) throw this.#invalid(isThereTwice, name)
      isTooLarge ||= map.size >= maxMembers
      if (isTooLarge && this.#isStrict) throw this.#invalid(hasTooMany)
      if (isTooLarge) this.#scanner.skip()
      else map.set(name, this.#read(of, undefined))
    } while (this.#scanner.next())
    // Nobody reads that many: the rules get a value that is not a map.
    return isTooLarge ? [] : Object.fromEntries(map)
  }

  #readObject(shape: ObjectShape, before: unknown): unknown {
    const object: Record<string, unknown> = isObject(before) ? { ...before } : {}
    if (!this.#scanner.enter()) return object
    const level = this.#path.push('') - 1
    let others: Set<string> | undefined
    do {
      const written = this.#scanner.name(shape.names)
      const name = shape.members.has(written) ? written : this.#nameInGo(shape, written)
      const of = name === undefined ? undefined : shape.members.get(name)
      if (name === undefined || of === undefined) {
        if (this.#isStrict) this.#addOther((others ??= new Set()), written)
        this.#scanner.skip()
        continue
      }
      this.#path[level] = name
      const earlier = object[name]
      if (this.#isStrict && earlier !== undefined) throw this.#invalid(isThereTwice)
      object[name] = this.#read(of, earlier)
    } while (this.#scanner.next())
    this.#path.pop()
    return object
  }

  /** The name of the member that Go takes `written` for. */
  #nameInGo(shape: ObjectShape, written: string): string | undefined {
    const name = shape.byGoName.get(goName(written))
    if (name === undefined || !this.#isStrict) return name
    this.#path.pop()
    throw this.#invalid(`is ${JSON.stringify(name)} to programs that compare names without case`, written)
  }

  #addOther(others: Set<string>, name: string): void {
    const isNew = !others.has(name)
    if (isNew && others.size < maxMembers) {
      others.add(name)
      return
    }
    this.#path.pop()
    throw isNew ? this.#invalid(hasTooMany) : this.#invalid(isThereTwice, name)
  }

  /** A fault of the value that is read, or of its member `name`, which may be as long as the document. */
  #invalid(reason: string, name?: string): RegistryError {
    const path = name === undefined ? this.#path : [...this.#path, name.slice(0, 64)]
    const field = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')
    return invalid(reason, field === '' ? undefined : field.replace(/^\./, ''))
  }
}

/** Whether Go keeps such a value in something that can be `nil`. */
function canBeNil({ kind }: Shape): boolean {
  return kind === 'list' || kind === 'map'
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(reason: string, field?: string): RegistryError {
  return new RegistryError('MANIFEST_INVALID', field === undefined ? { reason } : { reason, field })
}
