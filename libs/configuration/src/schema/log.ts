import { anything, dictionary, list, section } from './node.ts'
import { warns } from './not-yet.ts'
import { flag, oneOf, text, type LeafMeta } from './values.ts'

const levels = ['error', 'warn', 'info', 'debug'] as const

export function logLevel(meta: Pick<LeafMeta, 'about' | 'defaultText'>) {
  return oneOf(levels, { ...meta, anyCase: true, refusal: 'invalid loglevel' })
}

export const log = section(
  { about: 'the log, written to standard output' },
  {
    level: logLevel({ defaultText: 'info', about: 'minimum level of logged messages' }),
    formatter: oneOf(['text', 'json', 'logstash'], {
      defaultNote: 'text on a terminal, else json',
      about: 'format of log lines',
      refusal: 'unsupported logging formatter',
    }),
    fields: dictionary({ about: 'constant fields of every line' }, anything({ about: 'any value' })),
    accessLog: section(
      { about: 'access log: one line per request' },
      { disabled: flag({ default: false, about: 'successful requests are not logged' }) },
    ),
    hooks: list(
      warns('log entries that are sent by mail'),
      section(
        { about: 'a hook' },
        {
          disabled: flag({ about: 'the hook is not used' }),
          type: text({ about: 'kind of the hook: mail' }),
          levels: list({ about: 'log levels that trigger the hook' }, text({ about: 'a level' })),
          mailOptions: section(
            { key: 'options', field: 'MAILOPTIONS', about: 'settings of the mail' },
            {
              smtp: section(
                { about: 'the mail server' },
                {
                  addr: text({ about: 'host:port of the server' }),
                  username: text({ about: 'user name' }),
                  password: text({ secret: true, about: 'password' }),
                  insecure: flag({ about: 'certificates are not verified' }),
                },
              ),
              from: text({ about: 'sender' }),
              to: list({ about: 'recipients' }, text({ about: 'an address' })),
            },
          ),
        },
      ),
    ),
    reportCaller: flag({ ...warns('log lines name the calling function') }),
  },
)
