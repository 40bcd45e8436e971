import { type Config, requireKeys } from '@berth/configuration'
import { layout } from '@berth/storage'
import type { KeyRingOptions } from '@berth/uploads'

/**
 * The keys of upload tokens: those that are configured, else the one that is kept beside the data.
 *
 * @returns `undefined` where there is neither, as in a read-only registry
 */
export function keyRingOptions(
  { uploadKeys }: Config['secrets'],
  generated: Uint8Array | undefined,
): KeyRingOptions | undefined {
  if (uploadKeys === undefined) return generated && { signing: generated }
  return { signing: uploadKeys.signing.reveal(), verifying: uploadKeys.verifying.map((key) => key.reveal()) }
}

/** Where the keys of tokens are kept that this process makes where the configuration has none: beside the data. */
export function ownKeysPath({ auth, storage }: Config, root: string | undefined): string | undefined {
  // A bucket may have several processes, which must know each other's.
  if (auth?.kind === 'berth' && storage.driver.name === 's3') requireKeys('berth', { 'auth.berth.keys': auth.keys })
  return storage.driver.name === 'filesystem' && root !== undefined ? root + layout.signingKeysPath : undefined
}
