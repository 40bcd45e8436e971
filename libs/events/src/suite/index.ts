/**
 * What every log of events promises, as tests.
 * Begin with `describe-event-log.ts`.
 */
export { describeEventLog, type OpenEventLog } from './describe-event-log.ts'
