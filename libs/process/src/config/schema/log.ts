import { anything, dictionary, list, section, type Meta } from './node.ts'
import { warns } from './not-yet.ts'
import { flag, oneOf, text } from './values.ts'

const levels = ['error', 'warn', 'info', 'debug'] as const

export function logLevel(meta: Meta) {
  return oneOf(levels, { ...meta, anyCase: true, refusal: (written) => `invalid loglevel ${JSON.stringify(written)}` })
}

export const log = section(
  { about: 'what is logged, to standard output' },
  {
    level: logLevel({ about: 'the least serious level that is logged; info where neither this nor loglevel is set' }),
    formatter: oneOf(['text', 'json', 'logstash'], {
      about: 'the form of a line; where not set: text on a terminal, json elsewhere',
      refusal: (written) => `unsupported logging formatter: ${JSON.stringify(written)}`,
    }),
    fields: dictionary({ about: 'constant fields of every line' }, anything({ about: 'any value' })),
    accessLog: section(
      { about: 'the line of each request' },
      { disabled: flag({ default: false, about: 'requests are not logged' }) },
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
