import { randomBytes } from 'node:crypto'
import type { Version, Versioned } from '@berth/storage'
import type { Objects, PutOptions } from './objects.ts'
import { type TagForm, unquoted } from './probe-conditions.ts'
import type { Condition } from './put-object.ts'
import { isMissing, StoreError } from '../requests/store-fault.ts'

const markSize = 24
/** Of a version: an entity tag, with or without its quotes. */
const tagForm = /^"?[\w-]+"?$/
const mostContent = 64 * 1024 * 1024

/**
 * Versioned records: objects under conditional writes. Tags of objects follow from their content, so each record begins
 * with a random mark, and no tag comes back.
 */
export class Records {
  readonly #objects: Objects
  readonly #options: PutOptions
  readonly #tagForm: TagForm

  constructor(objects: Objects, options: PutOptions, tagForm: TagForm) {
    this.#objects = objects
    this.#options = options
    this.#tagForm = tagForm
  }

  /** @returns `undefined` where somebody else was first */
  async swap(key: string, from: Version | undefined, content: Uint8Array): Promise<Version | undefined> {
    if (from !== undefined && !tagForm.test(from)) return undefined
    const condition: Condition =
      from === undefined ? { IfNoneMatch: '*' } : { IfMatch: this.#tagForm === 'bare' ? unquoted(from) : from }
    const mark = randomBytes(markSize / 2).toString('hex')
    const marked = Buffer.concat([Buffer.from(mark), content])
    return this.#objects.putIf(key, marked, condition, this.#options)
  }

  /** @returns `undefined` where there is none */
  async find(key: string): Promise<Versioned | undefined> {
    try {
      const { content, tag } = await this.#objects.read(key, mostContent)
      return { version: tag, content: content.subarray(markSize) }
    } catch (error) {
      if (error instanceof StoreError && isMissing(error.cause)) return undefined
      throw error
    }
  }
}
