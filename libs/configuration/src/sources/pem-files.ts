import type { SecureContextOptions } from 'node:tls'
import { requireUsableTls, type TlsTexts, whyNotValidNow } from '../certificates/require-usable-tls.ts'
import type { Findings } from '../problems.ts'
import { whyUnread } from './unread-file.ts'

/** The files of one section's TLS: each that cannot be read is a problem, and so is what TLS says to all of them. */
export class PemFiles {
  readonly #section: string
  readonly #readFile: (path: string) => string
  readonly #findings: Findings
  #areRead = true

  /** @param section as in `http.tls` */
  constructor(section: string, readFile: (path: string) => string, findings: Findings) {
    this.#section = section
    this.#readFile = readFile
    this.#findings = findings
  }

  /** @returns what the file holds that is the value of `key`; nothing where that is a problem */
  read(key: string, file: string): string {
    try {
      const text = this.#readFile(file)
      if (text.trim() !== '') return text
      this.#report(key, 'the file is empty')
    } catch (error) {
      this.#report(key, `cannot be read: ${whyUnread(error)}`)
    }
    return ''
  }

  /** Whether all was read, and TLS takes it. */
  areUsable(texts: TlsTexts, options?: SecureContextOptions): boolean {
    if (!this.#areRead) return false
    try {
      requireUsableTls(texts, options)
      // No reason not to start: clients may not verify it, and a renewed certificate is used without a restart.
      const warning = texts.cert === undefined ? undefined : whyNotValidNow(texts.cert)
      if (warning !== undefined) this.#findings.warning(`${this.#section}.certificate`, warning)
      return true
    } catch (error) {
      const message = `the certificate, its key or the CAs cannot be used: ${reasonOf(error)}`
      this.#findings.problem(this.#section, message)
      return false
    }
  }

  #report(key: string, message: string): void {
    this.#areRead = false
    this.#findings.problem(`${this.#section}.${key}`, message)
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
