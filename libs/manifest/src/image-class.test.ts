import { describe, expect, it } from 'vitest'
import { imageClass } from './image-class.ts'
import type { Manifest } from './manifest.ts'
import { mediaTypes } from './media-types.ts'

const image = (configMediaType: string): Manifest => ({
  mediaType: mediaTypes.ociManifest,
  kind: 'image',
  references: [],
  configMediaType,
})

describe('the class of a manifest', () => {
  it.each([
    [mediaTypes.dockerConfig, 'image'],
    [mediaTypes.ociConfig, 'image'],
    [mediaTypes.dockerPluginConfig, 'plugin'],
  ])('with a config of type %s is %s', (type, expected) => {
    expect(imageClass(image(type))).toBe(expected)
  })

  it('is none for an index', () => {
    expect(imageClass({ mediaType: mediaTypes.ociIndex, kind: 'index', references: [] })).toBeUndefined()
  })

  it('is refused where its config is of any other type', () => {
    expect(() => imageClass(image('text/plain'))).toThrow(
      expect.objectContaining({ code: 'DENIED', detail: { reason: 'unknown manifest class for text/plain' } }),
    )
  })

  it('is refused where an artifact has no config', () => {
    expect(() => imageClass({ mediaType: mediaTypes.ociArtifact, kind: 'image', references: [] })).toThrow(
      expect.objectContaining({ code: 'DENIED' }),
    )
  })
})
