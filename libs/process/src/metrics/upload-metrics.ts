import type { Counter } from './families.ts'
import type { FamilyRegistry } from './family-registry.ts'

export interface UploadMetrics {
  readonly started: Counter
  readonly completed: Counter
  /** Bytes that were received and are kept. */
  readonly bytes: Counter
  /** Bytes that were read back, because no hash of them was kept. */
  readonly rehashBytes: Counter
  readonly purged: Counter
}

export function createUploadMetrics(registry: FamilyRegistry): UploadMetrics {
  const counter = (name: string, help: string) => registry.counter({ name, help }).child()
  return {
    started: counter('berth_uploads_started_total', 'Uploads that were started'),
    completed: counter('berth_uploads_completed_total', 'Uploads that became blobs'),
    bytes: counter('berth_upload_bytes_total', 'Bytes of blobs that were received'),
    rehashBytes: counter('berth_upload_rehash_bytes_total', 'Bytes of uploads that were read back to be hashed'),
    purged: counter('berth_uploads_purged_total', 'Unfinished uploads that were removed by age'),
  }
}
