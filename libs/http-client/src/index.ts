/**
 * The HTTP/1.1 client of the relay and of the bucket: it passes on the bodies of answers without copying them.
 * Begin with `server-connection.ts`.
 */
export { type AnswerBody, bodyOf } from './answer-body.ts'
export type { AnswerHead } from './answer-head.ts'
export type { AnswerTarget, BodySink } from './answer-writer.ts'
export { LargeBuffers } from './large-buffers.ts'
export { type Patience, type ServerAddress, ServerConnection, type ServerEnd } from './server-connection.ts'
export { ServerFailure } from './server-failure.ts'
