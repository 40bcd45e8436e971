import { readFileSync } from 'node:fs'
import { configSchema, describeConfig, type KeyDescription } from '@berth/configuration'
import { format, resolveConfig } from 'prettier'

const root = new URL('../../', import.meta.url)

/** A file that is generated, or has generated parts. */
export interface GeneratedFile {
  /** The path from the root of the repository. */
  readonly path: string
  /** The whole text as it must be. */
  readonly text: string
}

/** The generated files, as they follow from the declarations of the keys. */
export async function generatedFiles(): Promise<readonly GeneratedFile[]> {
  return [
    await formatted('docs/configuration.md', withTables(readGenerated('docs/configuration.md'))),
    await formatted('docs/configuration.schema.json', JSON.stringify(configSchema())),
  ]
}

/** The text of a generated file as it is now. */
export function readGenerated(path: string): string {
  return readFileSync(new URL(path, root), 'utf8')
}

async function formatted(path: string, text: string): Promise<GeneratedFile> {
  const { pathname } = new URL(path, root)
  return { path, text: await format(text, { ...(await resolveConfig(pathname)), filepath: pathname }) }
}

/**
 * The keys of the documentation. `redis.queue` and `redis.cache` have the keys of `redis`, and `storage.s3aws` those of
 * `storage.s3`, so their own are left out.
 */
export const documentedKeys: readonly KeyDescription[] = describeConfig().filter(
  ({ path }) => !/^(?:redis\.(?:queue|cache)|storage\.s3aws)\./.test(path),
)

/**
 * Renews the tables of a page. A table stands between `<!-- keys: http limits.tokens -->`, which names sections and keys,
 * and `<!-- end of keys -->`. The sections `stops the start` and `has no effect` are the keys of that support.
 */
export function withTables(page: string): string {
  return page.replaceAll(
    /(<!-- keys: (.+?) -->\n).*?(<!-- end of keys -->)/gs,
    (_, begin: string, names: string, end: string) => `${begin}\n${tableOf(keysOf(names))}\n${end}`,
  )
}

function keysOf(names: string): readonly KeyDescription[] {
  const unsupported = documentedKeys.filter(({ support }) => support !== 'supported' && support === names)
  if (unsupported.length > 0) return unsupported
  const supported = documentedKeys.filter(({ support }) => support === 'supported')
  return names.split(' ').flatMap((name) => {
    const keys = supported.filter(
      ({ path }) => path === name || path.startsWith(`${name}.`) || path.startsWith(`${name}[`),
    )
    if (keys.length === 0) throw new Error(`a table of the documentation names an unknown key: ${name}`)
    return keys
  })
}

function tableOf(keys: readonly KeyDescription[]): string {
  const rows = keys.map(({ path, type, default: value, about, isOwn, isRequired }) => {
    const key = `\`${path}\`${isOwn ? ' ◆' : ''}`
    const unset = value === undefined ? '' : value === '' ? 'empty' : `\`${value}\``
    const meaning = `${isRequired ? '**Required.** ' : ''}${about.charAt(0).toUpperCase()}${about.slice(1)}`
    return [key, type, unset, asCode(meaning)]
  })
  const table = [['Key', 'Type', 'Default', 'Meaning'], ['---', '---', '---', '---'], ...rows]
  return table.map((cells) => `| ${cells.join(' | ')} |\n`).join('')
}

/** Names of keys in a description, as code. */
function asCode(about: string): string {
  return about.replaceAll(/[a-z]\w*(?:\.[a-z]\w*)+/g, (word) =>
    documentedKeys.some(({ path }) => path === word) ? `\`${word}\`` : word,
  )
}
