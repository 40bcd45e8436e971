import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Logger } from '@berth/errors'

/** For tests: a directory that is removed when the test ends. @param onFinished `onTestFinished` */
export async function temporaryDirectory(onFinished: (remove: () => Promise<void>) => void): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-access-'))
  onFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

export interface KeptLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: object
}

/** For tests: a logger that keeps its lines. */
export function keptLog(): Logger & { readonly lines: readonly KeptLine[] } {
  const lines: KeptLine[] = []
  const keep = (level: KeptLine['level']) => (fields: object, message: string) => {
    lines.push({ level, message, fields })
  }
  return { lines, debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') }
}
