import { dictionary, list, section } from './node.ts'
import { duration, flag, headerText, integer, text, url } from './values.ts'

const mediaTypes = (about: string) => list({ about }, text({ about: 'a media type' }))

export const notifications = section(
  { about: 'webhooks that receive events' },
  {
    events: section(
      { field: 'EVENTCONFIG', about: 'the content of events' },
      { includeReferences: flag({ default: false, about: 'events of manifests list what the manifest references' }) },
    ),
    endpoints: list(
      { about: 'the webhooks' },
      section(
        { about: 'a webhook' },
        {
          name: text({ about: 'the name in logs and metrics; each name is used once' }),
          disabled: flag({ default: false, about: 'the endpoint receives no events' }),
          url: url({ secret: true, about: 'the URL that events are posted to' }),
          headers: dictionary(
            { about: 'headers of each request, each with a list of values' },
            list({ about: 'values' }, headerText({ secret: true, about: 'a value' })),
          ),
          timeoutMs: duration({
            default: 1000,
            minMs: Number.NEGATIVE_INFINITY,
            about: 'timeout of a request; 0 or less means 1s',
          }),
          threshold: integer({
            default: 10,
            about: 'number of failures in a row before the endpoint is paused; 0 or less means 10',
          }),
          backoffMs: duration({
            default: 1000,
            minMs: Number.NEGATIVE_INFINITY,
            about: 'the first pause; it doubles with each further failure up to a minute; 0 or less means 1s',
          }),
          batch: integer({
            default: 1,
            min: 1,
            max: 100,
            own: true,
            about: 'maximum number of events in a request, 1 to 100',
          }),
          maxAgeMs: duration({
            default: 7 * 86_400_000,
            minMs: 1,
            own: true,
            about: 'age after which an event that cannot be delivered becomes a dead letter',
          }),
          allowPrivate: flag({
            default: false,
            own: true,
            about: 'the endpoint may have a loopback or link-local address, or that of a cloud’s metadata service',
          }),
          ignoredMediaTypes: mediaTypes('media types whose events are not sent'),
          ignore: section(
            { about: 'events that are not sent' },
            {
              mediaTypes: mediaTypes('media types whose events are not sent'),
              actions: list(
                { about: 'actions whose events are not sent: push, pull, mount, delete' },
                text({ about: 'an action' }),
              ),
            },
          ),
        },
      ),
    ),
  },
)
