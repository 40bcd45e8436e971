/** A server that could not be reached, went away, stalled, or did not answer in HTTP. Another may be asked instead. */
export class ServerFailure extends Error {
  override readonly name: string = 'ServerFailure'
  /** Whether it may be no fault of the server: a connection that was kept had been closed meanwhile. */
  readonly isStale: boolean

  constructor(message: string, options: { readonly isStale?: boolean; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.isStale = options.isStale ?? false
  }
}
