/**
 * How a caller treats a server that fails: when it asks again, and when it stops asking for a while.
 * Begin with `circuit-breaker.ts`.
 */
export { CircuitBreaker } from './circuit-breaker.ts'
export { type Backoff, retryDelayMs } from './retry-delay.ts'
