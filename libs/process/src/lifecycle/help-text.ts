import { describeConfig } from '@berth/configuration'
import { defaultPathsVariable, pathVariable } from '@berth/configuration'
import { isPartialSection } from '@berth/configuration'
import type { Command } from './command.ts'
import type { Program } from './program.ts'

function describeCommand(program: string, { name, usage, about, options = {} }: Command): string {
  const values = Object.entries(options).map(([option, value]) => `\n        --${option} ${value}`)
  return `  ${program} ${name} ${usage}\n        ${about}${values.join('')}\n\n`
}

/** What `--help` prints: how to start, and every key that has an effect. */
export function helpText({ name, uses = [], commands = [] }: Program): string {
  const isUsed = (path: string): boolean => {
    const section = path.split('.', 1)[0] ?? ''
    return !isPartialSection(section) || uses.includes(section)
  }
  const keys = describeConfig().filter(({ path, support }) => support === 'supported' && isUsed(path))
  const width = Math.max(...keys.map(({ path }) => path.length))
  const lines = keys.map(({ path, type, default: value, about }) => {
    const unset = value === undefined ? '' : `, default ${value}`
    return `  ${path.padEnd(width)}  ${about} (${type}${unset})`
  })
  return `Usage: ${name} [--config FILE]

  -c, --config FILE  the configuration, YAML; else the file that ${pathVariable} names,
                     else the first that exists of those that ${defaultPathsVariable} lists (a:b);
                     without any, embedded defaults
  -h, --help         this text
  -v, --version      print the version and its git revision

${commands.map((command) => describeCommand(name, command)).join('')}Any key may be set by the environment: REGISTRY_HTTP_ADDR sets http.addr.

Keys:
${lines.join('\n')}
`
}
