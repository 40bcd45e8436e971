import { getSystemErrorMap } from 'node:util'

/**
 * Why a file cannot be read. The reason has no path, since a secret may have been given where a path is expected, and Node's
 * own message repeats it.
 */
export function whyUnread(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  if (typeof code !== 'string' || !/^[A-Z][A-Z0-9_]*$/.test(code)) return 'unknown reason'
  for (const [name, meaning] of getSystemErrorMap().values()) if (name === code) return `${meaning} (${code})`
  return code
}

/** The name of a configuration file as it is shown: only a text that looks like a path is repeated. */
export function shownFile(path: string): string {
  const isPlausible = path.length < 256 && /^(?:\.{0,2}\/[\w .~@/-]+|[\w.-]+\.(?:ya?ml|json))$/.test(path)
  return isPlausible ? path : 'the file that is named'
}
