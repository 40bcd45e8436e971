import type { Blobs } from '@berth/blobs'
import { RegistryError } from '@berth/errors'
import type { BuiltBlob } from '@berth/manifest'
import type { RepositoryName } from '@berth/reference'

/**
 * Sees to it that a repository has the blobs that a built manifest brings along.
 *
 * @throws RegistryError UNSUPPORTED: one is missing, and may not be stored
 */
export async function putMissing(
  blobs: Pick<Blobs, 'statAll' | 'put'>,
  repository: RepositoryName,
  built: readonly BuiltBlob[],
  mayStore: boolean,
): Promise<void> {
  if (built.length === 0) return
  const found = await blobs.statAll(
    repository,
    built.map(({ digest }) => digest),
  )
  for (const [index, { digest, content }] of built.entries()) {
    if (found[index] !== undefined) continue
    if (!mayStore)
      throw new RegistryError('UNSUPPORTED', {
        reason: `the registry is read-only, and ${digest} would have to be stored`,
      })
    await blobs.put(repository, content)
  }
}
