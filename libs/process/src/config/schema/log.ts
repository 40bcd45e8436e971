import { anything, dictionary, list, section } from './node.ts'
import { warns } from './not-yet.ts'
import { flag, oneOf, text, type LeafMeta } from './values.ts'

const levels = ['error', 'warn', 'info', 'debug'] as const

export function logLevel(meta: Pick<LeafMeta, 'about' | 'defaultText'>) {
  return oneOf(levels, { ...meta, anyCase: true, refusal: 'invalid loglevel' })
}

export const log = section(
  { about: 'what is logged, to standard output' },
  {
    level: logLevel({ defaultText: 'info', about: 'the least serious level that is logged' }),
    formatter: oneOf(['text', 'json', 'logstash'], {
      defaultText: 'text on a terminal, else json',
      about: 'the form of a line',
      refusal: 'unsupported logging formatter',
    }),
    fields: dictionary({ about: 'constant fields of every line' }, anything({ about: 'any value' })),
    accessLog: section(
      { about: 'the line of each request' },
      { disabled: flag({ default: false, about: 'requests that succeed are not logged' }) },
    ),
    hooks: list(
      warns('log entries that are sent by mail'),
      section(
        { about: 'a hook' },
        {
          disabled: flag({ about: 'the hook is not used' }),
          type: text({ about: '`mail`' }),
          levels: list({ about: 'the levels it is for' }, text({ about: 'a level' })),
          mailOptions: section(
            { key: 'options', field: 'MAILOPTIONS', about: 'how mail is sent' },
            {
              smtp: section(
                { about: 'the mail server' },
                {
                  addr: text({ about: 'host:port' }),
                  username: text({ about: 'user' }),
                  password: text({ about: 'password' }),
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
    reportCaller: flag({ ...warns('the calling function in every line') }),
  },
)
