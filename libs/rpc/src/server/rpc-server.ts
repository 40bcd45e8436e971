import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js'
import type { Requester } from '@berth/access'
import type { Blobs } from '@berth/blobs'
import type { Logger } from '@berth/errors'
import type { Catalog, Manifests, Referrers, Tags } from '@berth/manifests'
import { formatAddress } from '@berth/configuration'
import { cannotListen, type Tracer } from '@berth/process'
import { HealthService } from '../gen/grpc/health/v1/health.ts'
import { BlobsServiceService } from '../gen/registry/v1/blobs.ts'
import { CatalogServiceService } from '../gen/registry/v1/catalog.ts'
import { ManifestsServiceService } from '../gen/registry/v1/manifests.ts'
import { ReferrersServiceService } from '../gen/registry/v1/referrers.ts'
import { TagsServiceService } from '../gen/registry/v1/tags.ts'
import type { RenewableTls } from '../tls.ts'
import { maxMessageBytes } from '../wire/limits.ts'
import { Calls } from './calls.ts'
import { Health } from './health.ts'
import { requireProtection } from './require-protection.ts'
import { serveBlobs } from './serve-blobs.ts'
import { serveCatalog, serveReferrers, serveTags } from './serve-listings.ts'
import { serveManifests } from './serve-manifests.ts'

export interface RpcServices {
  readonly blobs: Blobs
  readonly manifests: Manifests
  readonly tags: Tags
  readonly catalog: Catalog
  readonly referrers: Referrers
}

export interface RpcServerOptions {
  readonly log: Logger
  /** Makes a span of each call; none are made where it is absent. */
  readonly tracer?: Tracer | undefined
  /** Where whatever is done for a call learns whom it is for; nobody learns it where it is absent. */
  readonly requester?: Requester | undefined
  /** What there is to serve. */
  readonly services: Partial<RpcServices>
  /** When a client is told to connect anew, and so sees replicas that came since. Default: five minutes. */
  readonly maxConnectionAgeMs?: number
  /** How long after that the calls in flight may take. Default: half a minute. */
  readonly maxConnectionAgeGraceMs?: number
}

export interface RpcListenAddress {
  /** All addresses where absent. */
  readonly host?: string
  /** 0 for any that is free. */
  readonly port: number
  /** Listens on an address that other machines can reach, though no client has to show a certificate. */
  readonly insecure?: boolean
}

/** Serves contracts to other processes, with gRPC's standard health service. */
export class RpcServer {
  readonly #server: Server
  readonly #health: Health

  constructor({
    log,
    tracer,
    requester,
    services,
    maxConnectionAgeMs = 300_000,
    maxConnectionAgeGraceMs = 30_000,
  }: RpcServerOptions) {
    this.#server = new Server({
      'grpc.max_connection_age_ms': maxConnectionAgeMs,
      'grpc.max_connection_age_grace_ms': maxConnectionAgeGraceMs,
      'grpc.keepalive_time_ms': 30_000,
      'grpc.keepalive_timeout_ms': 10_000,
      'grpc.max_concurrent_streams': 1000,
      'grpc.max_receive_message_length': maxMessageBytes,
      'grpc.max_send_message_length': maxMessageBytes,
    })
    const names: string[] = []
    const add = (definition: ServiceDefinition, implementation: UntypedServiceImplementation): void => {
      this.#server.addService(definition, implementation)
      const [method] = Object.values(definition)
      if (method !== undefined) names.push(method.path.split('/')[1] ?? '')
    }
    const calls = new Calls(log, tracer, requester)
    const { blobs, manifests, tags, catalog, referrers } = services
    if (blobs !== undefined) add(BlobsServiceService, serveBlobs(blobs, calls))
    if (manifests !== undefined) add(ManifestsServiceService, serveManifests(manifests, calls))
    if (tags !== undefined) add(TagsServiceService, serveTags(tags, calls))
    if (catalog !== undefined) add(CatalogServiceService, serveCatalog(catalog, calls))
    if (referrers !== undefined) add(ReferrersServiceService, serveReferrers(referrers, calls))
    this.#health = new Health(names)
    this.#server.addService(HealthService, this.#health.implementation)
  }

  /**
   * @returns the port: of one that was left open, which it is
   * @throws ConfigError: other machines could reach it, no client certificate is verified, and `insecure` is not set
   * @throws StartError it cannot listen there
   */
  async listen({ host, port, insecure = false }: RpcListenAddress, tls?: RenewableTls): Promise<{ port: number }> {
    requireProtection(host, { hasTls: tls !== undefined, verifiesClients: tls?.verifiesClients ?? false, insecure })
    if (host !== undefined) return { port: await this.#bind(host, port, tls) }
    // Where there is no IPv6, nothing can listen on its addresses.
    return { port: await this.#bind('::', port, tls).catch(() => this.#bind('0.0.0.0', port, tls)) }
  }

  #bind(host: string, port: number, tls: RenewableTls | undefined): Promise<number> {
    const address = formatAddress({ net: 'tcp', host, port })
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(address, tls?.serverCredentials() ?? ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(cannotListen('rpc.listen', { net: 'tcp', host, port }, error)) : resolve(bound),
      )
    })
  }

  /** Tells who asks for its health, takes no new calls, lets those in flight end, and at the deadline ends them. */
  async close(deadline: AbortSignal): Promise<void> {
    this.#health.stop()
    const force = (): void => this.#server.forceShutdown()
    deadline.addEventListener('abort', force, { once: true })
    await new Promise<void>((resolve, reject) => {
      this.#server.tryShutdown((error) => (error ? reject(error) : resolve()))
      if (deadline.aborted) force()
    })
    deadline.removeEventListener('abort', force)
  }
}
