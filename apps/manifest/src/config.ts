import { type Config, requireKeys } from '@berth/process'

export type ManifestConfig = ReturnType<typeof manifestConfig>

/** What the manifest service takes of the configuration. @throws ConfigError with all that is missing */
export function manifestConfig(config: Config) {
  const { rpc, services, storage } = config
  const required = requireKeys('manifest', {
    // Several processes cannot share memory.
    'storage.filesystem': storage.driver.name === 'filesystem' ? storage.driver : undefined,
    'rpc.listen': rpc.listen,
    'services.blobs.addresses': services.blobs.addresses,
  })
  return {
    ...config,
    rootDirectory: required['storage.filesystem'].rootDirectory,
    rpc: { ...rpc, listen: required['rpc.listen'] },
  }
}
