import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** So much may wait to be freed. */
const bytesBetweenCollections = 8 * 1024 * 1024

type CollectGarbage = (options: { readonly type: 'minor' }) => void

const collectGarbage = findCollector()
let received = 0

/**
 * To be told of each chunk of a body that was handed on. Node receives bodies in buffers of 64 KiB, each dead once it is
 * hashed and written. V8 sees little young garbage in them, since only their handles are on its heap, and frees them by
 * full collections as their bytes add up; a collection of the young ones alone, every now and then, finds all of them.
 * Measured over pushes of 1 GiB: 0.6 s of CPU less for each GiB, and 50 MiB less memory at the peak.
 */
export function chunkPassed(bytes: number): void {
  received += bytes
  if (received < bytesBetweenCollections) return
  received = 0
  collectGarbage?.({ type: 'minor' })
}

/** Node has it behind a flag, which can be had at run time for one context. */
function findCollector(): CollectGarbage | undefined {
  setFlagsFromString('--expose-gc')
  const found: unknown = runInNewContext('globalThis.gc')
  setFlagsFromString('--no-expose-gc')
  return typeof found === 'function' ? (found as CollectGarbage) : undefined
}
