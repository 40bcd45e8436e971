/**
 * Byte streams: what content is while it passes through. Nothing here holds more than a caller's stated limit.
 * Begin with `byte-stream.ts`.
 */
export { type ByteRange, type ByteStream, collect, limitBytes, streamOf } from './byte-stream.ts'
export { ByteBudget, type ByteShare } from './byte-budget.ts'
export { LruCache } from './lru-cache.ts'
