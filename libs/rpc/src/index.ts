/**
 * The contracts of `blobs` and `manifests` between processes, over gRPC: a server of any implementation, and clients
 * that are implementations. Begin with `server/rpc-server.ts` and `client/rpc-channel.ts`; `proto/` has the messages.
 */
export { checkHealth } from './client/check-health.ts'
export { RpcChannel, type RpcChannelOptions } from './client/rpc-channel.ts'
export { RemoteBlobs } from './client/remote-blobs.ts'
export { RemoteCatalog, RemoteReferrers, RemoteTags } from './client/remote-listings.ts'
export { RemoteManifests } from './client/remote-manifests.ts'
export { requireProtection } from './server/require-protection.ts'
export { type RpcListenAddress, RpcServer, type RpcServerOptions, type RpcServices } from './server/rpc-server.ts'
export { followRpcTls, RenewableTls, type RpcClientTls } from './tls.ts'
