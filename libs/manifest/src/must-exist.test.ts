import { parseDescriptor } from '@berth/descriptor'
import { describe, expect, it } from 'vitest'
import type { Reference } from './manifest.ts'
import { mediaTypes } from './media-types.ts'
import { mustExist } from './must-exist.ts'

function reference(role: Reference['role'], mediaType: string, urls?: readonly string[]): Reference {
  const descriptor = parseDescriptor({ mediaType, digest: `sha256:${'a'.repeat(64)}`, size: 3, urls }, 'layers[0]')
  return { descriptor, role, field: 'layers[0]' }
}

describe('what must be there before a manifest is stored', () => {
  it.each<[boolean, string, Reference]>([
    [true, 'a config', reference('config', mediaTypes.ociConfig)],
    [true, 'a config with URLs', reference('config', mediaTypes.dockerConfig, ['https://foo/bar'])],
    [true, 'a layer', reference('layer', mediaTypes.dockerLayerGzip)],
    [true, 'a layer with URLs', reference('layer', mediaTypes.ociLayerGzip, ['https://foo/bar'])],
    [true, 'a layer of an unknown type with URLs', reference('layer', 'text/plain', ['https://foo/bar'])],
    [true, 'a child of an index', reference('manifest', mediaTypes.ociManifest)],
    [true, 'a blob in an index', reference('blob', mediaTypes.ociLayerGzip)],
    [false, 'a foreign layer', reference('layer', mediaTypes.dockerForeignLayer, ['https://foo/bar'])],
    [false, 'a foreign layer without URLs', reference('layer', mediaTypes.dockerForeignLayer)],
    [false, 'a nondistributable layer', reference('layer', mediaTypes.ociNondistributableLayer, ['https://foo/bar'])],
    [false, 'one with gzip', reference('layer', mediaTypes.ociNondistributableLayerGzip, ['https://foo/bar'])],
    [false, 'one with zstd', reference('layer', mediaTypes.ociNondistributableLayerZstd, ['https://foo/bar'])],
    [true, 'a nondistributable layer without URLs', reference('layer', mediaTypes.ociNondistributableLayer)],
    [true, 'a nondistributable layer with no URL', reference('layer', mediaTypes.ociNondistributableLayerGzip, [])],
  ])('(%s) %s', (expected, _, given) => {
    expect(mustExist(given)).toBe(expected)
  })
})
