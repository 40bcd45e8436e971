/** A node that could not be reached, went away, stalled, or did not answer in HTTP. Another may be asked instead. */
export class NodeFailure extends Error {
  override readonly name = 'NodeFailure'
  /** Whether it may be no fault of the node: a connection that was kept had been closed meanwhile. */
  readonly isStale: boolean

  constructor(message: string, options: { readonly isStale?: boolean; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.isStale = options.isStale ?? false
  }
}
