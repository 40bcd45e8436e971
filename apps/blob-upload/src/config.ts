import { type Config, requireKeys } from '@berth/configuration'

export type BlobNodeConfig = ReturnType<typeof blobNodeConfig>

/** What a blob node takes of the configuration. @throws ConfigError with all that is missing */
export function blobNodeConfig(config: Config) {
  const { rpc, secrets, storage } = config
  const { 'uploads.keys': uploadKeys, ...required } = requireKeys('blob-upload', {
    // Several processes cannot share memory.
    'storage.filesystem or storage.s3': storage.driver.name === 'inmemory' ? undefined : storage.driver,
    'rpc.listen': rpc.listen,
    // Any node continues any upload, so all must have the same keys.
    'uploads.keys': secrets.uploadKeys,
  })
  return {
    ...config,
    sharedDriver: required['storage.filesystem or storage.s3'],
    rpc: { ...rpc, listen: required['rpc.listen'] },
    uploadKeys: {
      signing: uploadKeys.signing.reveal(),
      verifying: uploadKeys.verifying.map((key) => key.reveal()),
    },
  }
}
