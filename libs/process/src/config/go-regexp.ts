import { InvalidValue } from './problems.ts'

const posixClasses: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7F',
  blank: '\\t ',
  cntrl: '\\x00-\\x1F\\x7F',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
}

/**
 * Compiles a regular expression as Go (RE2) understands it. As there, it matches anywhere in the text unless anchored.
 *
 * @throws InvalidValue for what RE2 does not know either (look-around, backreferences), and for its rarest forms
 */
export function parseGoRegExp(text: string): RegExp {
  const { flags, rest } = leadingFlags(text)
  if (/(?<!\\)(?:\\\\)*(?:\(\?<?[=!]|\\[1-9])/.test(rest)) {
    throw new InvalidValue(`${JSON.stringify(text)} uses look-around or a backreference, which RE2 does not have`)
  }
  try {
    return new RegExp(translate(rest), flags)
  } catch (error) {
    throw new InvalidValue(`${JSON.stringify(text)} is not a regular expression`, { cause: error })
  }
}

function leadingFlags(text: string): { flags: string; rest: string } {
  const match = /^\(\?([ims]+)\)/.exec(text)
  // `u` for what RE2 and JavaScript both write as \p{…}; without it JavaScript allows the escapes that RE2 allows.
  const unicode = /\\[pP]/.test(text) ? 'u' : ''
  if (match === null) return { flags: unicode, rest: text }
  return { flags: [...new Set(match[1])].join('') + unicode, rest: text.slice(match[0].length) }
}

function translate(text: string): string {
  return text
    .replace(/\\Q([\s\S]*?)(?:\\E|$)/g, (_, literal: string) => literal.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
    .replace(/\(\?P</g, '(?<')
    .replace(/\[:(\^?)([a-z]+):\]/g, (whole, negated: string, name: string) => {
      const inner = posixClasses[name]
      if (inner === undefined || negated !== '') throw new InvalidValue(`${whole} is not supported in an expression`)
      return inner
    })
    .replace(/\\([\s\S])/g, (whole, letter: string) => (letter === 'A' ? '^' : letter === 'z' ? '$' : whole))
    .replace(/\\([pP])([A-Z])/g, '\\$1{$2}')
}
