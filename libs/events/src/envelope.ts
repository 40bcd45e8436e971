import type { RegistryEvent } from './event.ts'

/** The media type of {@link envelopeOf}'s text, as CNCF Distribution 2.8 sends it. */
export const envelopeMediaType = 'application/vnd.docker.distribution.events.v1+json'

/** The body of a request to a webhook: JSON with an indentation of three spaces, as CNCF Distribution sends it. */
export function envelopeOf(events: readonly RegistryEvent[]): string {
  return JSON.stringify({ events }, undefined, 3)
}
