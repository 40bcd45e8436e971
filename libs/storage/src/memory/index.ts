/**
 * The storage driver that keeps everything in memory.
 * Begin with `memory-driver.ts`.
 */
export { MemoryDriver } from './memory-driver.ts'
