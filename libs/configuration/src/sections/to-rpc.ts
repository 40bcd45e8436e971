import type { RpcConfig, RpcTls } from '../config.ts'
import { PemFiles } from '../sources/pem-files.ts'
import type { Findings } from '../problems.ts'
import type { rpc } from '../schema/services.ts'
import type { ValueOf } from '../schema/node.ts'
import { Secret } from '../values/secret.ts'

type Read = ValueOf<typeof rpc>

/** How a service speaks to the others, with what the files of its TLS hold. */
export function toRpc(read: Read, readFile: (path: string) => string, findings: Findings): RpcConfig {
  const { listen, tls, insecure, maxConnectionAgeMs } = read
  return { listen, tls: toRpcTls(tls, readFile, findings), insecure, maxConnectionAgeMs }
}

/** @returns `undefined`: there is none, or a problem */
export function toRpcTls(
  { certificate, keyFile, clientCas }: Read['tls'],
  readFile: (path: string) => string,
  findings: Findings,
): RpcTls | undefined {
  if (!certificate || !keyFile) {
    // Half of it must not become a server that speaks in the clear.
    if (certificate || keyFile || clientCas.length > 0)
      findings.problem('rpc.tls', 'needs rpc.tls.certificate and rpc.tls.key')
    return undefined
  }
  const pem = new PemFiles('rpc.tls', readFile, findings)
  const cert = pem.read('certificate', certificate)
  const key = pem.read('key', keyFile)
  const cas = clientCas.map((file, index) => pem.read(`clientcas[${index}]`, file))
  const files = { certificateFile: certificate, keyFile, caFiles: clientCas }
  return pem.areUsable({ cert, key, cas }) ? { files, cert, key: new Secret(key), cas } : undefined
}
