/** Options of calls whose speed depends on a client. */
export interface TransferOptions {
  /**
   * Key under which the driver's memory and connections that the call holds are counted, such as the client's network.
   * The calls of one key cannot hold enough to make calls with another key, or without a key, wait for them. Calls
   * without a key are the process's own work and may use a reserve. A call that waits too long for resources that other
   * calls hold fails with RegistryError UNAVAILABLE.
   */
  readonly share?: string | undefined
  readonly signal?: AbortSignal | undefined
}
