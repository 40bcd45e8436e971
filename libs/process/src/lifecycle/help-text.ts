import { describeConfig } from '../config/describe-config.ts'
import { pathVariable } from '../config/environment.ts'
import { isPartialSection } from '../config/load-config.ts'
import type { Program } from './program.ts'

/** What `--help` prints: how to start, and every key that has an effect. */
export function helpText({ name, uses = [] }: Program): string {
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

  -c, --config FILE  the configuration, YAML; else the file that ${pathVariable} names;
                     without either, embedded defaults
  -h, --help         this text
  -v, --version      the version

Any key may be set by the environment: REGISTRY_HTTP_ADDR sets http.addr.

Keys:
${lines.join('\n')}
`
}
