import { isIP } from 'node:net'

const isUrl = (value: string): boolean => /^(?:tcp|udp|sctp):\/\//.test(value)
const isPort = (value: string): boolean => /^\d+$/.test(value)
const isProtocol = (value: string): boolean => /^(?:tcp|udp|sctp)$/i.test(value)
const isAddress = (value: string): boolean => isIP(value) !== 0 || value === 'None'

/** The ends of the names of such variables, each with what its value is. */
const forms: readonly (readonly [end: RegExp, isValue: (value: string) => boolean])[] = [
  [/_SERVICE_HOST$/, isAddress],
  [/_SERVICE_PORT(?:_\w+)?$/, isPort],
  [/_PORT$/, isUrl],
  [/_PORT_\d+_(?:TCP|UDP|SCTP)$/, isUrl],
  [/_PORT_\d+_(?:TCP|UDP|SCTP)_PROTO$/, isProtocol],
  [/_PORT_\d+_(?:TCP|UDP|SCTP)_PORT$/, isPort],
  [/_PORT_\d+_(?:TCP|UDP|SCTP)_ADDR$/, isAddress],
]

/**
 * Whether a variable is one that Kubernetes (or a link of Docker) makes for a service. For a service named
 * `registry-auth` that is `REGISTRY_AUTH_SERVICE_HOST`, which looks like an override of `auth`. No key has such a form.
 */
export function isServiceVariable(name: string, value: string): boolean {
  return forms.some(([end, isValue]) => end.test(name) && isValue(value))
}
