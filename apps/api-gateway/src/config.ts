import { type Config, requireKeys } from '@berth/configuration'

export type GatewayConfig = ReturnType<typeof gatewayConfig>

/** What the gateway takes of the configuration. @throws ConfigError with all that is missing */
export function gatewayConfig(config: Config) {
  const { blobs, manifest } = config.services
  requireKeys('api-gateway', { 'services.blobs.http': blobs.http, 'services.manifest.addresses': manifest.addresses })
  // Of several gateways each would make its own, and none would know the others'.
  if (config.auth?.kind === 'berth') requireKeys('api-gateway', { 'auth.berth.keys': config.auth.keys })
  return config
}
