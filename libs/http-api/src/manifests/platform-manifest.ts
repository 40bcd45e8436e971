import { type Digest, parseDigest } from '@berth/digest'

/** The manifest that clients without a notion of platforms are meant to have: the first for linux on amd64. */
export function findDefaultPlatform(list: Uint8Array): Digest | undefined {
  const { manifests } = JSON.parse(Buffer.from(list.buffer, list.byteOffset, list.byteLength).toString()) as {
    manifests?: { digest: string; platform?: { os?: string; architecture?: string } }[]
  }
  const entry = manifests?.find(({ platform }) => platform?.os === 'linux' && platform.architecture === 'amd64')
  return entry && parseDigest(entry.digest)
}
