/**
 * Why a process cannot start that is for whoever starts it to mend, and no bug: it is told in one line, by the key of
 * the configuration that it is about.
 */
export class StartError extends Error {
  override readonly name = 'StartError'

  constructor(key: string, reason: string, options?: ErrorOptions) {
    super(`${key}: ${reason}`, options)
  }
}
