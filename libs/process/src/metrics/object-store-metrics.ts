import type { Counter } from './families.ts'
import type { FamilyRegistry } from './family-registry.ts'

/** What is counted of requests to an object store. The observer of the S3 driver is one. */
export interface ObjectStoreMetrics {
  requested(operation: string, outcome: string, seconds: number): void
  retried(operation: string): void
  transferred(operation: string, bytes: number): void
  copied(bytes: number): void
  circuitChanged(isOpen: boolean): void
}

const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

export function createObjectStoreMetrics(registry: FamilyRegistry): ObjectStoreMetrics {
  const requests = registry.counter({
    name: 'berth_s3_requests_total',
    help: 'Requests to the object store, each attempt',
    labels: ['operation', 'outcome'],
  })
  const seconds = registry.histogram({
    name: 'berth_s3_request_seconds',
    help: 'Until an attempt had its answer; of content that is read, the head of it',
    labels: ['operation'],
    buckets,
  })
  const retries = registry.counter({
    name: 'berth_s3_retries_total',
    help: 'Attempts that followed one that failed',
    labels: ['operation'],
  })
  const bytes = registry.counter({
    name: 'berth_s3_bytes_total',
    help: 'Bytes of content sent to the object store (PutObject, UploadPart) or read from it (GetObject)',
    labels: ['operation'],
  })
  const copied: Counter = registry
    .counter({ name: 'berth_s3_copied_bytes_total', help: 'Bytes that the object store copied by itself' })
    .child()
  const circuit = registry
    .gauge({ name: 'berth_s3_circuit_open', help: '1 while requests are held back, since none is answered' })
    .child()
  circuit.set(0)
  return {
    requested: (operation, outcome, took) => {
      requests.child(operation, outcome).add(1)
      seconds.child(operation).observe(took)
    },
    retried: (operation) => retries.child(operation).add(1),
    transferred: (operation, count) => bytes.child(operation).add(count),
    copied: (count) => copied.add(count),
    circuitChanged: (isOpen) => circuit.set(isOpen ? 1 : 0),
  }
}
