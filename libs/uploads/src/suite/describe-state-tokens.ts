import { digestOf } from '@berth/digest'
import { RegistryError } from '@berth/errors'
import { parseRepositoryName } from '@berth/reference'
import { beforeEach, describe, expect, it } from 'vitest'
import type { BlobUploads, UploadRef } from '../blob-uploads.ts'
import { body, UploadClient, type UploadServices } from './upload-client.ts'

/** All that a client may ask of an upload that it says it has. */
const requests: readonly [string, (uploads: BlobUploads, ref: UploadRef) => Promise<unknown>][] = [
  ['status', (uploads, ref) => uploads.status(ref)],
  ['append', (uploads, ref) => uploads.append(ref, body('x'))],
  ['complete', (uploads, ref) => uploads.complete(ref, digestOf('hello'), body('hello'))],
  ['cancel', (uploads, ref) => uploads.cancel(ref)],
]

export function describeStateTokens(open: () => Promise<UploadServices>): void {
  describe.each(requests)('the token of %s', (_, request) => {
    let services: UploadServices
    let client: UploadClient

    beforeEach(async () => {
      services = await open()
      client = await UploadClient.start(services)
    })

    /** The code that a request is refused with; the upload must be as it was. */
    const refusalOf = async (ref: UploadRef): Promise<unknown> => {
      const refused = await request(services.uploads, ref).catch((error: unknown) => error)
      await services.uploads.status(client.ref)
      return refused instanceof RegistryError ? refused.code : refused
    }

    it('is needed', async () => {
      expect(await refusalOf({ ...client.ref, state: undefined })).toBe('BLOB_UPLOAD_INVALID')
      expect(await refusalOf({ ...client.ref, state: '' })).toBe('BLOB_UPLOAD_INVALID')
    })

    it.each(['x', '!', 'AAAA', 'A'.repeat(100), 'A'.repeat(100_000), '☃'])(
      'is refused where it is none: %.20s',
      async (state) => {
        expect(await refusalOf({ ...client.ref, state })).toBe('BLOB_UPLOAD_INVALID')
      },
    )

    it('is refused with any of its letters changed, or any added', async () => {
      const { state } = client.upload
      for (let at = 0; at < state.length; at += 1) {
        const other = state[at] === 'A' ? 'B' : 'A'
        expect(await refusalOf({ ...client.ref, state: `${state.slice(0, at)}${other}${state.slice(at + 1)}` })).toBe(
          'BLOB_UPLOAD_INVALID',
        )
      }
      for (const added of ['=', 'A', '\n', ' '])
        expect(await refusalOf({ ...client.ref, state: state + added })).toBe('BLOB_UPLOAD_INVALID')
    })

    it('is good for its own upload alone', async () => {
      const other = await UploadClient.start(services)
      expect(await refusalOf({ ...client.ref, state: other.upload.state })).toBe('BLOB_UPLOAD_INVALID')
    })

    it('is good for its own repository alone', async () => {
      expect(await refusalOf({ ...client.ref, repository: parseRepositoryName('other') })).toBe('BLOB_UPLOAD_INVALID')
    })

    it.each([
      '',
      'x',
      '..',
      '../../secret',
      'a/b',
      '00000000-0000-4000-8000-00000000000',
      '00000000-0000-4000-8000-0000000000000',
      '00000000-0000-4000-8000-00000000000Z',
      '00000000000040008000000000000000',
      '{00000000-0000-4000-8000-000000000000}',
      '\u0000',
    ])('is of no interest where %j is no upload', async (id) => {
      expect(await refusalOf({ ...client.ref, id })).toBe('BLOB_UPLOAD_UNKNOWN')
    })
  })
}
