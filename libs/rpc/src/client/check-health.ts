import { HealthCheckResponse_ServingStatus as ServingStatus, HealthService } from '../gen/grpc/health/v1/health.ts'
import type { RpcChannel } from './rpc-channel.ts'

/** Resolves when a replica answers that it serves. @throws RegistryError UNAVAILABLE; Error it is closing */
export async function checkHealth(channel: RpcChannel, signal?: AbortSignal): Promise<void> {
  const { status } = await channel.call(HealthService.check, { service: '' }, { signal, isRepeatable: true })
  if (status !== ServingStatus.SERVING) throw new Error('the service is closing')
}
