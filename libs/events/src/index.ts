/**
 * Events: what happened to a repository, recorded before its client is told, and kept until webhooks have received it.
 * Begin with `event.ts` and `event-log.ts`.
 */
export { type EndpointFilter, receives } from './endpoint-filter.ts'
export { envelopeMediaType, envelopeOf } from './envelope.ts'
export type { EventAction, EventRequest, EventSource, EventTarget, RegistryEvent } from './event.ts'
export { EventContext, type RequestFacts } from './event-context.ts'
export type { EventListKey, EventLists, EventLog, Recording } from './event-log.ts'
export { Recorder, type RecorderOptions } from './recorder.ts'
export { RecordedBlobs } from './recording/recorded-blobs.ts'
export { RecordedManifests, type RecordedManifestsOptions } from './recording/recorded-manifests.ts'
export { RecordedTags } from './recording/recorded-tags.ts'
export { RecordedUploads } from './recording/recorded-uploads.ts'
export { PullRecorder, type PullRecorderOptions } from './pull-recorder.ts'
