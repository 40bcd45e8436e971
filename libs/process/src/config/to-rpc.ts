import type { RpcConfig, RpcTlsConfig } from './config.ts'
import { formatAddress, isLoopback } from './listen-address.ts'
import type { Findings } from './problems.ts'
import type { rpc } from './schema/services.ts'
import type { ValueOf } from './schema/node.ts'

type Read = ValueOf<typeof rpc>

export function toRpc({ listen, tls, insecure, maxConnectionAgeMs }: Read, findings: Findings): RpcConfig {
  return { listen, tls: toTls(tls, findings), insecure, maxConnectionAgeMs }
}

/** What is said between services is not for a network to read, unless that is asked for in so many words. */
export function checkReach({ listen, tls, insecure }: RpcConfig, findings: Findings): void {
  if (listen === undefined || tls !== undefined || insecure || isLoopback(listen)) return
  findings.problem('rpc.listen', `${formatAddress(listen)} is beyond loopback: it needs rpc.tls, or rpc.insecure: true`)
}

function toTls({ certificate, keyFile, clientCas }: Read['tls'], findings: Findings): RpcTlsConfig | undefined {
  if (certificate && keyFile) return { certificateFile: certificate, keyFile, clientCaFiles: clientCas }
  // Half of it must not become a server that speaks in the clear.
  if (certificate || keyFile || clientCas.length > 0) {
    findings.problem('rpc.tls', 'needs rpc.tls.certificate and rpc.tls.key')
  }
  return undefined
}
