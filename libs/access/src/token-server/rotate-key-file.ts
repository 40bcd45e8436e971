import { readFileSync } from 'node:fs'
import { StartError } from '@berth/errors'
import { makeKeyFile, replaceKeyFile } from './key-files.ts'
import { rotateKeys } from './rotate-keys.ts'
import { parseSigningKeys, type SigningKey } from './signing-key.ts'

// For nodes that look now and then, and for refresh tokens of a month.
const rotation = { signs: 0, ahead: 3600, trusted: 31 * 24 * 3600 }

/**
 * Makes a file of keys, or another key in one, which signs after an hour. Whoever reads the file meanwhile reads the one
 * or the other.
 *
 * @returns the keys, the newest first
 * @throws StartError the file is none of keys, or cannot be read or written
 */
export function rotateKeyFile(path: string, nowMs = Date.now()): readonly SigningKey[] {
  try {
    if (makeKeyFile(path)) return parseSigningKeys(readFileSync(path, 'utf8'))
    const keys = rotateKeys(parseSigningKeys(readFileSync(path, 'utf8')), rotation, Math.floor(nowMs / 1000))
    replaceKeyFile(path, keys)
    return keys
  } catch (error) {
    throw new StartError(path, error instanceof Error ? error.message : String(error), { cause: error })
  }
}
