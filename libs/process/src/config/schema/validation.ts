import { parseGoRegExp } from '../go-regexp.ts'
import { list, section } from './node.ts'
import { flag, oneOf, text, value } from './values.ts'

const patterns = (about: string) =>
  list({ about }, value('regular expression', { about: 'in Go’s syntax' }, parseGoRegExp))

export const validation = section(
  { about: 'what a manifest must be to be accepted' },
  {
    disabled: flag({ default: false, about: 'what manifests refer to is not checked' }),
    enabled: flag({ default: false, about: 'deprecated; true wins over disabled' }),
    manifests: section(
      { about: 'manifests' },
      {
        references: oneOf(['all', 'none'], {
          default: 'all',
          about: 'which of a manifest’s references must exist; none is for sparse mirrors',
        }),
        urls: section(
          { about: 'URLs of foreign layers; any http or https URL where nothing is set' },
          {
            allow: patterns('one of these must match a foreign layer’s URL'),
            deny: patterns('none of these may match it'),
          },
        ),
        indexes: section(
          { about: 'which manifests of an index must exist' },
          {
            platforms: oneOf(['all', 'none', 'list'], {
              default: 'all',
              anyCase: true,
              about: 'whose platforms’ manifests must exist, of those that an index lists',
            }),
            platformList: list(
              { about: 'the platforms, where platforms is list; all where it is empty' },
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
