import { SigningKey, UnfitKey } from '@berth/manifest'
import type { Schema1Config } from '../config.ts'
import type { Findings } from '../problems.ts'
import type { ValueOf } from '../schema/node.ts'
import type { registry } from '../schema/registry.ts'
import { whyUnread } from '../sources/unread-file.ts'

const path = 'compatibility.schema1.signingkeyfile'

/** Whether schema1 is accepted, and the key that signs what is served of it. */
export function toSchema1(
  { enabled, signingKeyFile }: ValueOf<typeof registry>['compatibility']['schema1'],
  readFile: (path: string) => string,
  findings: Findings,
): Schema1Config {
  const key = signingKeyFile ? readKey(signingKeyFile, readFile, findings) : undefined
  return { acceptsPushes: enabled, ...(key && { key }) }
}

function readKey(file: string, readFile: (path: string) => string, findings: Findings): SigningKey | undefined {
  try {
    return SigningKey.parse(readFile(file))
  } catch (error) {
    findings.problem(
      path,
      error instanceof UnfitKey ? `the key ${error.message}` : `cannot be read: ${whyUnread(error)}`,
    )
    return undefined
  }
}
