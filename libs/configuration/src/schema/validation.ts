import { parseGoRegExp } from '../values/go-regexp.ts'
import { list, section } from './node.ts'
import { flag, oneOf, text, value } from './values.ts'

const patterns = (about: string) =>
  list({ about }, value('regular expression', { about: 'in Go’s syntax' }, parseGoRegExp))

export const validation = section(
  { about: 'validation of pushed manifests' },
  {
    disabled: flag({ default: false, about: 'references of manifests are not checked' }),
    enabled: flag({ default: false, about: 'deprecated; true wins over disabled' }),
    manifests: section(
      { about: 'manifests' },
      {
        references: oneOf(['all', 'none'], {
          own: true,
          default: 'all',
          about: 'which references of a manifest must exist; none: for sparse mirrors',
        }),
        urls: section(
          { about: 'URLs of foreign layers; default: any http or https URL' },
          {
            allow: patterns('a foreign layer’s URL must match one of these'),
            deny: patterns('a foreign layer’s URL must match none of these'),
          },
        ),
        indexes: section(
          { about: 'which manifests of an index must exist' },
          {
            platforms: oneOf(['all', 'none', 'list'], {
              default: 'all',
              anyCase: true,
              about: 'platforms whose manifests must exist if an index lists them',
            }),
            platformList: list(
              { about: 'the platforms, if platforms is list; empty: all' },
              section(
                { about: 'a platform' },
                {
                  architecture: text({ default: '', about: 'such as amd64' }),
                  os: text({ default: '', about: 'such as linux' }),
                },
              ),
            ),
          },
        ),
      },
    ),
  },
)
