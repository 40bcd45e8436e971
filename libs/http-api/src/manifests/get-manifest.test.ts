import { digestOf } from '@berth/digest'
import type { Manifests, StoredManifest } from '@berth/manifests'
import { mediaTypes } from '@berth/manifest'
import { describe, expect, it } from 'vitest'
import type { Exchange } from '../exchange/exchange.ts'
import { getManifest } from './get-manifest.ts'

const content = Buffer.alloc(100_000, 'x')
const manifest: StoredManifest = { content, digest: digestOf(content), mediaType: mediaTypes.ociManifest }

/** Asks for the manifest by tag. @param room whether there is room for the answer, each time that this is asked */
async function ask(method: string, room: boolean[]): Promise<readonly string[]> {
  const steps: string[] = []
  const response = {
    writeHead: (status: number) => steps.push(`head ${status}`),
    end: (body?: Uint8Array) => steps.push(`body ${body?.byteLength ?? 0}`),
  }
  const exchange = {
    request: { method, headers: {} },
    response,
    repository: 'app',
    parameter: 'latest',
    note() {},
    tryHoldAnswer: () => room.shift() ?? true,
    holdAnswer: async (bytes: number) => void steps.push(`room for ${bytes}`),
  } as unknown as Exchange
  const get = async (): Promise<StoredManifest> => {
    steps.push('found')
    return manifest
  }
  await getManifest({ manifests: { get } as unknown as Manifests })(exchange)
  return steps
}

describe('a manifest', () => {
  it('is answered at once where there is room for it', async () => {
    expect(await ask('GET', [true])).toEqual(['found', 'head 200', 'body 100000'])
  })

  it('is let go while its answer waits for room, and found again', async () => {
    expect(await ask('GET', [false])).toEqual(['found', 'room for 100000', 'found', 'head 200', 'body 100000'])
  })

  it('needs no room where only its head is asked for', async () => {
    expect(await ask('HEAD', [false])).toEqual(['found', 'head 200', 'body 0'])
  })
})
