import { ChannelCredentials, experimental, ServerCredentials } from '@grpc/grpc-js'
import type { Logger } from '@berth/errors'
import { requireUsableTls, type RpcTls, Secret, validTo, whyNotValidNow } from '@berth/configuration'
import { FollowedFiles, type Lifecycle } from '@berth/process'

/** What TLS needs of a client: a certificate only where servers ask for one. */
export type RpcClientTls = Pick<RpcTls, 'cas'> & Partial<Pick<RpcTls, 'cert' | 'key'>>

type CaListener = Parameters<experimental.CertificateProvider['addCaCertificateListener']>[0]
type IdentityListener = Parameters<experimental.CertificateProvider['addIdentityCertificateListener']>[0]

/** A process's certificate and the CAs of the others', as they are now: connections that are made later see what changed. */
export class RenewableTls implements experimental.CertificateProvider {
  #tls: RpcClientTls
  readonly #caListeners = new Set<CaListener>()
  readonly #identityListeners = new Set<IdentityListener>()

  constructor(tls: RpcClientTls) {
    this.#tls = tls
  }

  renew(tls: RpcClientTls): void {
    this.#tls = tls
    for (const listener of this.#caListeners) this.#tellCas(listener)
    for (const listener of this.#identityListeners) this.#tellIdentity(listener)
  }

  /** Whether a server with this TLS refuses clients without a certificate of its CAs. */
  get verifiesClients(): boolean {
    return this.#tls.cas.length > 0
  }

  serverCredentials(): ServerCredentials {
    const { verifiesClients } = this
    // The certificate comes first, whatever the declaration calls its parameters.
    return experimental.createCertificateProviderServerCredentials(this, verifiesClients ? this : null, verifiesClients)
  }

  channelCredentials(): ChannelCredentials {
    const { cas, cert, key } = this.#tls
    if (cas.length > 0) return experimental.createCertificateProviderChannelCredentials(this, cert ? this : null)
    // Of those that the system trusts nothing changes, and servers of this kind ask for no certificate.
    return ChannelCredentials.createSsl(null, key && Buffer.from(key.reveal()), cert ? Buffer.from(cert) : undefined)
  }

  addCaCertificateListener(listener: CaListener): void {
    this.#caListeners.add(listener)
    // Whoever listens is ready for it only when this call is over.
    process.nextTick(() => this.#tellCas(listener))
  }

  removeCaCertificateListener(listener: CaListener): void {
    this.#caListeners.delete(listener)
  }

  addIdentityCertificateListener(listener: IdentityListener): void {
    this.#identityListeners.add(listener)
    process.nextTick(() => this.#tellIdentity(listener))
  }

  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.#identityListeners.delete(listener)
  }

  #tellCas(listener: CaListener): void {
    listener({ caCertificate: Buffer.from(this.#tls.cas.join('\n')) })
  }

  #tellIdentity(listener: IdentityListener): void {
    const { cert, key } = this.#tls
    if (cert && key) listener({ certificate: Buffer.from(cert), privateKey: Buffer.from(key.reveal()) })
  }
}

export interface FollowRpcTlsOptions {
  readonly lifecycle: Lifecycle
  readonly log: Logger
  readonly after?: ConstructorParameters<typeof FollowedFiles>[0]['after']
}

/** TLS of a process's calls, both ways, which keeps up with its files until `lifecycle` closes. */
export function followRpcTls(
  tls: RpcTls | undefined,
  { lifecycle, log, after }: FollowRpcTlsOptions,
): RenewableTls | undefined {
  if (tls === undefined) return undefined
  const { files } = tls
  const renewable = new RenewableTls(tls)
  const followed = new FollowedFiles({
    key: 'rpc.tls',
    paths: [files.certificateFile, files.keyFile, ...files.caFiles],
    texts: [tls.cert, tls.key.reveal(), ...tls.cas],
    use: ([cert = '', key = '', ...cas]) => {
      requireUsableTls({ cert, key, cas })
      renewable.renew({ cert, key: new Secret(key), cas })
      return { validTo: validTo(cert), warning: whyNotValidNow(cert) }
    },
    log,
    ...(after && { after }),
  })
  lifecycle.own(followed)
  return renewable
}
