import type { Config } from '@berth/process'
import type { KeyRingOptions } from '@berth/uploads'

/** The keys of upload tokens: those that are configured, else the one that is kept beside the data. */
export function keyRingOptions({ uploadKeys }: Config['secrets'], generated: Uint8Array): KeyRingOptions {
  if (uploadKeys === undefined) return { signing: generated }
  return { signing: uploadKeys.signing.reveal(), verifying: uploadKeys.verifying.map((key) => key.reveal()) }
}
