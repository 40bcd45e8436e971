import type { FamilyRegistry } from './family-registry.ts'

/** What is counted of uploads. The observer of stored uploads is one. */
export interface UploadMetrics {
  started(): void
  /** Bytes came, and are kept. */
  received(bytes: number): void
  completed(): void
  /** Bytes were read back, because no hash of them was kept. */
  rehashed(bytes: number): void
  purged(uploads: number): void
}

export function createUploadMetrics(registry: FamilyRegistry): UploadMetrics {
  const counter = (name: string, help: string) => registry.counter({ name, help }).child()
  const started = counter('berth_uploads_started_total', 'Uploads that were started')
  const completed = counter('berth_uploads_completed_total', 'Uploads that became blobs')
  const received = counter('berth_upload_bytes_total', 'Bytes of blobs that were received')
  const rehashed = counter('berth_upload_rehash_bytes_total', 'Bytes of uploads that were read back to be hashed')
  const purged = counter('berth_uploads_purged_total', 'Unfinished uploads that were removed by age')
  return {
    started: () => started.add(1),
    received: (bytes) => received.add(bytes),
    completed: () => completed.add(1),
    rehashed: (bytes) => rehashed.add(bytes),
    purged: (uploads) => purged.add(uploads),
  }
}
