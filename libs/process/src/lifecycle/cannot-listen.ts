import { StartError } from '@berth/errors'
import { formatAddress, type ListenAddress } from '@berth/configuration'

/** What is thrown where a server could not listen, for the key that says where it should. */
export function cannotListen(key: string, address: ListenAddress, cause: unknown): StartError {
  return new StartError(key, `cannot listen on ${formatAddress(address)}: ${reasonOf(cause)}`, { cause })
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.includes('EADDRINUSE') ? 'the address is in use' : message
}
