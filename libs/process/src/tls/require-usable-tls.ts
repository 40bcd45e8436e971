import { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContextOptions } from 'node:tls'

/** What one end of TLS shows, where it shows anything, and whom it trusts; PEM. */
export interface TlsTexts {
  /** The chain, its own certificate first. */
  readonly cert?: string
  readonly key?: string
  /** Where there are none, those that the system trusts. */
  readonly cas: readonly string[]
}

const certificates = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g

/**
 * Looks at what TLS would otherwise take without a word, and then fail on with every other end.
 *
 * @throws Error that says why it cannot be used, without any of it
 */
export function requireUsableTls({ cas, ...own }: TlsTexts, options: SecureContextOptions = {}): void {
  for (const ca of cas) {
    const found = ca.match(certificates)
    if (found === null) throw new Error('a file of CAs has no certificate')
    for (const each of found) new X509Certificate(each)
  }
  if (Object.values(own).some((text) => text.trim() === '')) throw new Error('the certificate or its key is empty')
  createSecureContext({ ...options, ...own, ...(cas.length > 0 && { ca: [...cas] }) })
}

/** When a certificate expires: the first of a chain. */
export function validTo(cert: string): Date {
  return new X509Certificate(cert).validToDate
}
