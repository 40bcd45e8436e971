/**
 * The log of events in the tree of one process: a journal, and pages for what waits long.
 * Begin with `stored-event-log.ts`.
 */
export { StoredEventLog, type StoredEventLogOptions } from './stored-event-log.ts'
