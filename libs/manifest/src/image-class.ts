import { RegistryError } from '@berth/errors'
import type { Manifest } from './manifest.ts'
import { mediaTypes } from './media-types.ts'

export type ImageClass = 'image' | 'plugin'

const classes: ReadonlyMap<string, ImageClass> = new Map<string, ImageClass>([
  // It has its config in itself.
  [mediaTypes.schema1Signed, 'image'],
  [mediaTypes.dockerConfig, 'image'],
  [mediaTypes.ociConfig, 'image'],
  [mediaTypes.dockerPluginConfig, 'plugin'],
])

/**
 * What `policy.repository.classes` calls this manifest: `undefined` for an index, which is of no class.
 *
 * @throws RegistryError DENIED: its config is of a type that no class has
 */
export function imageClass(manifest: Manifest): ImageClass | undefined {
  if (manifest.kind === 'index') return undefined
  const type = manifest.configMediaType ?? manifest.mediaType
  const known = classes.get(type)
  if (known === undefined) throw new RegistryError('DENIED', { reason: `unknown manifest class for ${type}` })
  return known
}
