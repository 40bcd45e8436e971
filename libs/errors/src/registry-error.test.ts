import { describe, expect, it } from 'vitest'
import { messages } from './catalogue.ts'
import { RegistryError, registryErrors } from './registry-error.ts'

const digest = `sha256:${'a'.repeat(64)}`
const unknown = new RegistryError('BLOB_UNKNOWN', { digest })
const invalid = new RegistryError('MANIFEST_INVALID', { reason: 'not valid UTF-8' })

describe('a registry error', () => {
  it('carries its code, its detail, its cause, and what a person reads', () => {
    const cause = new Error('ENOENT')
    const error = new RegistryError('BLOB_UNKNOWN', { digest }, { cause })

    expect(error).toMatchObject({ name: 'RegistryError', code: 'BLOB_UNKNOWN', detail: { digest }, cause })
    expect(error.message).toBe('blob unknown to registry')
  })

  it('says that content is too large where it is', () => {
    expect(new RegistryError('SIZE_INVALID', { limit: 1 }).message).toBe('content is larger than allowed')
    expect(new RegistryError('SIZE_INVALID', { announced: 1, received: 2 }).message).toBe(
      'provided length did not match content length',
    )
  })

  it.each(Object.entries(messages))('%s has a message', (_, message) => {
    expect(message).not.toBe('')
  })
})

describe('what a client is told', () => {
  it('is one fault where there is one', () => {
    expect(registryErrors(unknown)).toEqual([unknown])
  })

  it('is several where there are several, in order', () => {
    expect(registryErrors(new AggregateError([invalid, unknown]))).toEqual([invalid, unknown])
  })

  it.each([
    ['a bug', new TypeError('x is not a function')],
    ['an outage among faults', new AggregateError([unknown, new Error('ECONNREFUSED')])],
    ['several faults of nothing', new AggregateError([])],
    ['what only looks like a fault', { name: 'RegistryError', code: 'BLOB_UNKNOWN', detail: { digest } }],
    ['nothing', undefined],
  ])('is nothing of %s', (_, error) => {
    expect(registryErrors(error)).toEqual([])
  })
})
