import { S3Client } from '@aws-sdk/client-s3'
import { ByteBudget, type ByteStream } from '@berth/bytes'
import type { StoragePath } from '@berth/storage'
import { describe, expect, it } from 'vitest'
import { UploadParts } from './upload-parts.ts'
import { DirectClient } from '../requests/direct-client.ts'
import { settingsUnderTest } from '../driver-under-test.ts'
import { Keys } from '../objects/keys.ts'
import { Objects } from '../objects/objects.ts'
import { mostInParts, pieceSizes } from '../gathering/piece-size.ts'
import { defaultSizes, leastPart, mostParts } from '../s3-settings.ts'
import { SharedBuffers } from '../gathering/shared-buffers.ts'
import { Store } from '../requests/store.ts'

const mebibyte = 1024 * 1024
const gibibyte = 1024 * mebibyte
const buffers = 64 * mebibyte

/** A client of a store that does all it is asked, and the highest number that a part had. */
function obligingClient() {
  let highest = 0
  class ObligingClient extends S3Client {
    override async send(command: { readonly input: object }): Promise<never> {
      if ('PartNumber' in command.input) highest = Math.max(highest, Number(command.input.PartNumber))
      return { UploadId: 'u', ETag: '"e"' } as never
    }
  }
  return { client: new ObligingClient({ region: 'r' }), highest: () => highest }
}

async function* content(pieces: number): ByteStream {
  const piece = Buffer.alloc(leastPart)
  for (let each = 0; each < pieces; each += 1) yield piece
}

describe('parts of an object', () => {
  it('are no more than there may be in one request without end: it goes on in another object', async () => {
    const { client, highest } = obligingClient()
    const direct = new DirectClient(client, settingsUnderTest())
    const store = new Store({ client, direct, bucket: 'b', maxAttempts: 1, deadlineMs: 30_000 })
    const uploadParts = new UploadParts({
      ...defaultSizes,
      store,
      objects: new Objects(store),
      buffers: new SharedBuffers({ budget: new ByteBudget(buffers) }),
      headers: { ContentType: 'x' },
      checksums: false,
      keys: new Keys(''),
      chunkSize: leastPart,
      mostParts: 1000,
    })
    const parts = await uploadParts.append('/u/one' as StoragePath, [], content(mostParts + 2), {})
    expect(highest()).toBe(mostParts)
    expect(parts.map(({ size }) => size)).toEqual([mostParts * leastPart, 2 * leastPart])
  })

  it.each([1, 40, 98, 150])('are long enough for a whole object of %i GiB, though cut as short as may be', (size) => {
    const { most, least } = pieceSizes(defaultSizes.chunkSize, size * gibibyte, buffers)(0)
    expect(least * mostParts).toBeGreaterThanOrEqual(size * gibibyte)
    expect(most).toBeLessThanOrEqual(buffers / 4)
    expect(size * gibibyte).toBeLessThanOrEqual(mostInParts(defaultSizes.chunkSize, buffers))
  })
})
