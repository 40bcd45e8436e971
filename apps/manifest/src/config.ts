import { type Config, requireKeys } from '@berth/configuration'

export type ManifestConfig = ReturnType<typeof manifestConfig>

/** What the manifest service takes of the configuration. @throws ConfigError with all that is missing */
export function manifestConfig(config: Config) {
  const { rpc, services, storage, secrets } = config
  const { uploadKeys } = secrets
  const required = requireKeys('manifest', {
    // Several processes cannot share memory.
    'storage.filesystem or storage.s3': storage.driver.name === 'inmemory' ? undefined : storage.driver,
    'rpc.listen': rpc.listen,
    'services.blobs.addresses': services.blobs.addresses,
  })
  return {
    ...config,
    sharedDriver: required['storage.filesystem or storage.s3'],
    rpc: { ...rpc, listen: required['rpc.listen'] },
    /** The keys of upload tokens, of which those of the shared cache are derived. */
    sealKeys: uploadKeys && {
      signing: uploadKeys.signing.reveal(),
      verifying: uploadKeys.verifying.map((key) => key.reveal()),
    },
  }
}
