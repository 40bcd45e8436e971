/** Is told what uploads do, for metrics. Must not throw. */
export interface UploadObserver {
  started(): void
  /** So many bytes of an upload came, and are kept. */
  received(bytes: number): void
  /** An upload became a blob. */
  completed(): void
  /** So many bytes were read back, since no hash of them was at hand that could be used. */
  rehashed(bytes: number): void
}
