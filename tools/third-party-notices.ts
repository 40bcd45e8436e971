// The licences of the npm packages in a bundle. Their terms ask that these accompany every copy.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The part of esbuild's metafile that says which source files contribute to the bundle. */
interface Metafile {
  readonly outputs: Readonly<Record<string, { readonly inputs: Readonly<Record<string, { bytesInOutput: number }>> }>>
}

interface NoticeOptions {
  /** The directory that the metafile's paths are relative to. */
  readonly root?: string
  readonly substitutes?: Readonly<Record<string, Substitute>>
}

/** Where the licence text of a package is that is published without a licence file. */
interface Substitute {
  readonly reason: string
  /** Files below `root`. Only the opening `//` comment of a source file counts. */
  readonly files: readonly string[]
}

const apache = { reason: 'Published without a licence file; its package.json says Apache-2.0.', files: ['LICENSE'] }

const knownSubstitutes: Readonly<Record<string, Substitute>> = {
  '@aws-sdk/credential-provider-http': apache,
  '@aws-sdk/credential-provider-login': apache,
  '@aws-sdk/nested-clients': apache,
  '@bufbuild/protobuf': {
    reason: 'Published without a licence file; its package.json says Apache-2.0 AND BSD-3-Clause.',
    files: ['LICENSE', 'node_modules/@bufbuild/protobuf/dist/esm/wire/varint.js'],
  },
}

/**
 * Returns the name, version, licence and licence text of each npm package that contributes to a bundle.
 *
 * @throws Error naming all packages that have neither a licence file nor a substitute
 */
export function thirdPartyNotices(
  metafile: Metafile,
  { root = '.', substitutes = knownSubstitutes }: NoticeOptions = {},
): string {
  const missing: string[] = []
  const notices = packageDirectories(metafile).map((directory) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, directory, 'package.json'), 'utf8')) as {
      name: string
      version: string
      license?: string
    }
    const own = readdirSync(join(root, directory))
      .filter((file) => /^(licen[cs]e|copying|notice)([.-]|$)/i.test(file))
      .sort()
      .map((file) => readFileSync(join(root, directory, file), 'utf8'))
    const substitute = own.length === 0 ? substitutes[name] : undefined
    if (own.length === 0 && substitute === undefined) missing.push(name)
    const texts = substitute ? [substitute.reason, ...substitute.files.map((file) => textOf(join(root, file)))] : own
    return [`${name} ${version}`, `Licence: ${license ?? 'see below'}`, ...texts.map((text) => text.trim())].join(
      '\n\n',
    )
  })
  if (missing.length > 0) {
    throw new Error(`no licence text: ${missing.join(', ')}. List them in tools/third-party-notices.ts with a reason.`)
  }
  const separator = `\n\n${'-'.repeat(80)}\n\n`
  return `${['This program contains the following npm packages.', ...notices].join(separator)}\n`
}

/** Sorted, without duplicates; a package that is installed in two versions has two directories. */
function packageDirectories({ outputs }: Metafile): string[] {
  const inputs = Object.values(outputs).flatMap((output) =>
    Object.entries(output.inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  )
  const directories = inputs.flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path) ?? [])
  return [...new Set(directories)].sort()
}

function textOf(file: string): string {
  const text = readFileSync(file, 'utf8')
  if (!file.endsWith('.js')) return text
  const lines = text.split('\n')
  const end = lines.findIndex((line) => !line.startsWith('//'))
  return lines
    .slice(0, end)
    .join('\n')
    .replaceAll(/^\/\/ ?/gm, '')
}
