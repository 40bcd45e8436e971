import { digestOf } from '@berth/digest'
import { type ErrorDetail, messages, RegistryError, registryErrors } from '@berth/errors'
import type { Manifests } from '@berth/manifests'
import { parseRepositoryName, parseTag } from '@berth/reference'
import fc, { type Arbitrary } from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { RemoteManifests } from '../client/remote-manifests.ts'
import { serve, type Served } from '../test-server.ts'

const text = fc.string({ unit: 'binary', maxLength: 60 })
const number = fc.nat()
const details: { [C in keyof ErrorDetail]: Arbitrary<ErrorDetail[C]> } = {
  BLOB_UNKNOWN: fc.record({ digest: text }),
  BLOB_UPLOAD_INVALID: fc.record({ upload: text, reason: text }),
  BLOB_UPLOAD_UNKNOWN: fc.record({ upload: text }),
  DENIED: fc.record({ reason: text }),
  DIGEST_INVALID: fc.record({ digest: text, reason: text }),
  MANIFEST_BLOB_UNKNOWN: fc.record({ digest: text }),
  MANIFEST_INVALID: fc.oneof(fc.record({ reason: text }), fc.record({ reason: text, field: text })),
  MANIFEST_UNKNOWN: fc.record({ name: text, reference: text }),
  MANIFEST_UNVERIFIED: fc.record({ reason: text }),
  NAME_INVALID: fc.record({ name: text, reason: text }),
  NAME_UNKNOWN: fc.record({ name: text }),
  PAGINATION_NUMBER_INVALID: fc.record({ n: text }),
  RANGE_INVALID: fc.record({ range: text, offset: number }),
  REQUEST_TIMEOUT: fc.record({ received: fc.nat() }),
  SIZE_INVALID: fc.oneof(fc.record({ limit: number }), fc.record({ announced: number, received: number })),
  TAG_INVALID: fc.record({ tag: text, reason: text }),
  TOOMANYREQUESTS: fc.record({ retryAfterMs: number }),
  UNAUTHORIZED: fc.option(fc.array(fc.record({ Type: text, Class: text, Name: text, Action: text }), { maxLength: 5 })),
  UNAVAILABLE: fc.record({ reason: text }),
  UNKNOWN: fc.constant(undefined),
  UNSUPPORTED: fc.record({ reason: text }),
}
const codes = Object.keys(messages) as (keyof ErrorDetail)[]
const faultOf = <C extends keyof ErrorDetail>(code: C): Arbitrary<RegistryError> =>
  details[code].map((detail: ErrorDetail[C]) => new RegistryError(code, detail))
const anyFault = fc.oneof(...codes.map((code) => faultOf(code)))

const repository = parseRepositoryName('library/alpine')
const latest = parseTag('latest')
const absent = digestOf('absent')

describe('what a server throws', () => {
  let thrown: unknown
  let served: Served
  let remote: RemoteManifests

  beforeAll(async () => {
    const refuse = (): Promise<never> => Promise.reject(thrown)
    const manifests: Manifests = { get: refuse, put: refuse, delete: refuse }
    const { channel, ...rest } = await serve({ manifests })
    served = rest
    remote = new RemoteManifests(channel)
  })
  afterAll(() => served.close())
  beforeEach(() => {
    served.log.errors.length = 0
  })

  const received = async (error: unknown): Promise<Error> => {
    thrown = error
    return remote.get(repository, latest).then(
      () => new Error('nothing was thrown'),
      (caught: Error) => caught,
    )
  }

  it.each(codes)('of %s is what its client throws', (code) =>
    fc.assert(
      fc.asyncProperty(faultOf(code), async (fault) => {
        const caught = await received(fault)
        expect(caught).toBeInstanceOf(RegistryError)
        expect(caught).toMatchObject({ code, message: fault.message })
        expect((caught as RegistryError).detail).toEqual(fault.detail)
      }),
      { numRuns: 20 },
    ),
  )

  it('is several faults where it was several, in their order', () =>
    fc.assert(
      fc.asyncProperty(fc.array(anyFault, { minLength: 1, maxLength: 20 }), async (faults) => {
        const caught = await received(new AggregateError(faults))
        expect(caught).toBeInstanceOf(AggregateError)
        expect(registryErrors(caught).map(({ code, detail }) => [code, detail])).toEqual(
          faults.map(({ code, detail }) => [code, detail]),
        )
      }),
      { numRuns: 30 },
    ))

  it('is all that a manifest may lack at once', async () => {
    const faults = Array.from(
      { length: 100 },
      (_, index) => new RegistryError('MANIFEST_BLOB_UNKNOWN', { digest: digestOf(`layer ${index}`, 'sha512') }),
    )
    expect(registryErrors(await received(new AggregateError(faults)))).toHaveLength(100)
  })

  it('is cut to what headers have room for, from its end', async () => {
    const faults = Array.from(
      { length: 5000 },
      (_, index) => new RegistryError('MANIFEST_BLOB_UNKNOWN', { digest: digestOf(`layer ${index}`) }),
    )
    const got = registryErrors(await received(new AggregateError(faults)))
    expect(got.length).toBeGreaterThan(200)
    expect(got.map(({ detail }) => detail)).toEqual(faults.slice(0, got.length).map(({ detail }) => detail))
  })

  it('is told in short where it is long', async () => {
    const fault = new RegistryError('MANIFEST_INVALID', { reason: 'x'.repeat(100_000), field: 'layers[2]' })
    const caught = await received(fault)
    expect(caught).toMatchObject({ code: 'MANIFEST_INVALID', detail: { field: 'layers[2]' } })
    expect((caught as RegistryError<'MANIFEST_INVALID'>).detail.reason).toHaveLength(257)
    expect(await received(new AggregateError([fault]))).toMatchObject({ errors: [{ code: 'MANIFEST_INVALID' }] })
  })

  it.each([
    ['a bug', new TypeError('cannot read properties of undefined')],
    ['an outage', Object.assign(new Error('EIO: /var/lib/registry'), { code: 'EIO' })],
    ['nothing at all', undefined],
    ['a bug among faults', new AggregateError([new RegistryError('BLOB_UNKNOWN', { digest: absent }), new Error('x')])],
  ])('is logged there, and unknown to clients, where it is %s', async (_what, error) => {
    const caught = await received(error)
    expect(caught).toMatchObject({ name: 'RegistryError', code: 'UNKNOWN', detail: undefined })
    expect(String((caught.cause as Error).message)).not.toContain('EIO')
    expect(served.log.errors).toEqual([
      { fields: { err: error, method: '/registry.v1.ManifestsService/GetManifest' }, message: 'call failed' },
    ])
  })

  it('is not logged where it is a fault of the client', async () => {
    await received(new RegistryError('MANIFEST_UNKNOWN', { name: repository, reference: latest }))
    expect(served.log.errors).toEqual([])
  })

  it('is not asked for again where it is that something is unavailable', async () => {
    let calls = 0
    const refuse = (): Promise<never> => {
      calls += 1
      return Promise.reject(new RegistryError('UNAVAILABLE', { reason: 'storage' }))
    }
    const own = await serve({ manifests: { get: refuse, put: refuse, delete: refuse } })
    await expect(new RemoteManifests(own.channel).get(repository, latest)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      detail: { reason: 'storage' },
    })
    await own.close()
    expect(calls).toBe(1)
  })
})
