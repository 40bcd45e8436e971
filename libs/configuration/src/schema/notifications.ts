import { dictionary, list, section } from './node.ts'
import { hasEnabledItem, warns } from './not-yet.ts'
import { duration, flag, integer, text } from './values.ts'

const texts = (about: string) => list({ about }, text({ about: 'a value' }))

export const notifications = section(
  { about: 'webhooks' },
  {
    eventConfig: section(
      { key: 'events', field: 'EVENTCONFIG', about: 'content of events' },
      { includeReferences: flag(warns('a manifest’s references, too')) },
    ),
    endpoints: list(
      warns('who is told', 'are not supported yet: no events are sent', hasEnabledItem),
      section(
        { about: 'an endpoint' },
        {
          name: text({ about: 'its name in logs and metrics' }),
          disabled: flag({ about: 'it is skipped' }),
          url: text({ about: 'URL to send events to' }),
          headers: dictionary({ about: 'sent with each request' }, texts('values')),
          timeoutMs: duration({ minMs: Number.NEGATIVE_INFINITY, about: 'timeout of a request' }),
          threshold: integer({ about: 'number of failures before the backoff' }),
          backoffMs: duration({ minMs: Number.NEGATIVE_INFINITY, about: 'duration of the backoff' }),
          ignoredMediaTypes: texts('media types without events'),
          ignore: section(
            { about: 'which events are not sent' },
            { mediaTypes: texts('of these media types'), actions: texts('of these actions') },
          ),
        },
      ),
    ),
  },
)
