import type { RpcConfig, RpcTlsConfig } from './config.ts'
import type { Findings } from './problems.ts'
import type { rpc } from './schema/services.ts'
import type { ValueOf } from './schema/node.ts'

type Read = ValueOf<typeof rpc>

/** How a service speaks to the others. */
export function toRpc({ listen, tls, insecure, maxConnectionAgeMs }: Read, findings: Findings): RpcConfig {
  return { listen, tls: toTls(tls, findings), insecure, maxConnectionAgeMs }
}

function toTls({ certificate, keyFile, clientCas }: Read['tls'], findings: Findings): RpcTlsConfig | undefined {
  if (certificate && keyFile) return { certificateFile: certificate, keyFile, clientCaFiles: clientCas }
  // Half of it must not become a server that speaks in the clear.
  if (certificate || keyFile || clientCas.length > 0) {
    findings.problem('rpc.tls', 'needs rpc.tls.certificate and rpc.tls.key')
  }
  return undefined
}
