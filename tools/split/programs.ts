import { fileURLToPath } from 'node:url'
import type { Config } from '@berth/configuration'
import { accepts, isReady } from './answers.ts'
import type { Program } from './service.ts'

/** Where a service listens; what is not there, it does not serve. */
export interface Ports {
  readonly http?: number
  readonly rpc?: number
  readonly debug?: number
}

export interface Shared {
  readonly config: Config
  /** The file that every service reads, if there is one. */
  readonly file: string | undefined
  readonly environment: NodeJS.ProcessEnv
  /** By the names of environment variables, for all services. */
  readonly overrides: Readonly<Record<string, unknown>>
}

const at = (port: number | undefined): string => `127.0.0.1:${port}`
const preload = fileURLToPath(new URL('end-with-parent.ts', import.meta.url))

export function blobNodeProgram(index: number, ports: Required<Ports>, shared: Shared): Program {
  const proxies = shared.config.http.trustedProxies.map(({ address, prefix }) => `${address}/${prefix}`)
  return nodeProgram('blob-upload', `blob-upload-${index}`, shared, {
    REGISTRY_RPC_LISTEN: at(ports.rpc),
    REGISTRY_SERVICES: {},
    // Only the gateway is before them, and TLS is spoken there.
    REGISTRY_HTTP_NET: 'tcp',
    REGISTRY_HTTP_ADDR: at(ports.http),
    REGISTRY_HTTP_TLS: {},
    REGISTRY_HTTP_TRUSTEDPROXIES: ['127.0.0.0/8', ...proxies],
    REGISTRY_HTTP_DEBUG_ADDR: at(ports.debug),
  })(() => isReady(ports.debug))
}

export function manifestProgram(
  ports: Required<Omit<Ports, 'http'>>,
  nodes: readonly Ports[],
  shared: Shared,
): Program {
  return nodeProgram('manifest', 'manifest', shared, {
    REGISTRY_RPC_LISTEN: at(ports.rpc),
    REGISTRY_SERVICES: { blobs: { addresses: nodes.map(({ rpc }) => at(rpc)) } },
    REGISTRY_HTTP_DEBUG_ADDR: at(ports.debug),
  })(() => isReady(ports.debug))
}

/** @param port for one that the configuration leaves open */
export function gatewayProgram(port: number, manifest: Ports, nodes: readonly Ports[], shared: Shared): Program {
  const { listen } = shared.config.http
  return nodeProgram('api-gateway', 'api-gateway', shared, {
    REGISTRY_SERVICES: {
      blobs: { http: nodes.map(({ http }) => at(http)) },
      manifest: { addresses: [at(manifest.rpc)] },
    },
    REGISTRY_RPC_LISTEN: '',
    ...(listen.net === 'tcp' && listen.port === 0 && { REGISTRY_HTTP_ADDR: `${listen.host ?? ''}:${port}` }),
  })(() => accepts(listen.net === 'unix' ? { path: listen.path } : { port, host: loopbackOf(listen.host) }))
}

/** Where an address that stands for all can be reached from here. */
function loopbackOf(host: string | undefined): string {
  return host === undefined || host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
}

function nodeProgram(app: string, name: string, shared: Shared, own: Readonly<Record<string, unknown>>) {
  const main = fileURLToPath(new URL(`../../apps/${app}/src/main.ts`, import.meta.url))
  const file = shared.file === undefined ? [] : ['--config', shared.file]
  const program: Omit<Program, 'serves'> = {
    name,
    command: process.execPath,
    args: ['--import', preload, main, ...file],
    env: override(shared.environment, { ...shared.overrides, ...own }),
    endsWithParent: true,
    isQuiet: false,
  }
  return (serves: () => Promise<boolean>): Program => ({ ...program, serves })
}

/** The environment with whole sections replaced: variables for what lies below them would be applied after them. */
function override(environment: NodeJS.ProcessEnv, changes: Readonly<Record<string, unknown>>): NodeJS.ProcessEnv {
  const replaced = Object.keys(changes)
  const isReplaced = (name: string): boolean => replaced.some((each) => name === each || name.startsWith(`${each}_`))
  const kept = Object.entries(environment).filter(([name]) => !isReplaced(name.toUpperCase()))
  // JSON is YAML, which is what these variables hold.
  const set = Object.entries(changes).map(([name, value]) => [name, value === '' ? '' : JSON.stringify(value)])
  return Object.fromEntries([...kept, ...set]) as NodeJS.ProcessEnv
}
