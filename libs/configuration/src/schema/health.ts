import { parseRemoteAddress } from '../values/listen-address.ts'
import { dictionary, list, section } from './node.ts'
import { duration, flag, integer, text, url, value } from './values.ts'

const intervalMs = duration({ default: 10_000, minMs: 1, about: 'interval between checks' })
const threshold = integer({
  default: 0,
  min: 0,
  about: 'number of consecutive failures until the check counts as failed; 0 means 1',
})
const timeoutMs = duration({ about: 'timeout of one check; default: the interval' })

export const health = section(
  { about: 'health checks, run in the background; while a check fails, requests are answered with 503' },
  {
    storageDriver: section(
      { about: 'the check of the storage' },
      { enabled: flag({ default: false, about: 'the storage must answer' }), intervalMs, threshold },
    ),
    files: list(
      { key: 'file', field: 'FILECHECKERS', about: 'checks that fail while a file exists' },
      section(
        { about: 'a check' },
        { file: text({ required: true, about: 'the path of the file' }), intervalMs, threshold },
      ),
    ),
    http: list(
      { field: 'HTTPCHECKERS', about: 'checks that a URL answers HEAD' },
      section(
        { about: 'a check' },
        {
          uri: url({ required: true, about: 'the URL that must answer HEAD' }),
          headers: dictionary(
            { about: 'headers of the request, each with a list of values' },
            list({ about: 'values' }, text({ secret: true, about: 'a value' })),
          ),
          statusCode: integer({ default: 200, min: 0, max: 599, about: 'the status that means healthy; 0 is 200' }),
          timeoutMs,
          intervalMs,
          threshold,
        },
      ),
    ),
    tcp: list(
      { field: 'TCPCHECKERS', about: 'checks that an address accepts connections' },
      section(
        { about: 'a check' },
        {
          addr: value(
            'host:port',
            { required: true, about: 'the address that must accept connections' },
            parseRemoteAddress,
          ),
          timeoutMs,
          intervalMs,
          threshold,
        },
      ),
    ),
  },
)
