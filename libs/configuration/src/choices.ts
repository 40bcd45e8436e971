import type { Findings } from './problems.ts'
import { expandWord } from './sources/read-node.ts'
import { registry } from './schema/registry.ts'
import { keysOf } from './schema/node.ts'
import { storageSettings } from './schema/storage.ts'
import type { Mapping, Tree } from './sources/tree.ts'

/** Checks that there is one storage driver and at most one provider of `auth`: a choice is a key, so reading cannot. */
export function checkChoices(tree: Tree, findings: Findings): void {
  if (tree.kind !== 'mapping') return
  const storage = chosen(tree, 'storage', storageSettings)
  if (storage.length === 0) findings.problem('storage', 'no storage configuration provided')
  if (storage.length > 1) {
    const names = storage.map(([name]) => name).join(', ')
    const byEnvironment = storage.find(([, { origin }]) => origin.startsWith('REGISTRY_'))?.[1].origin
    if (byEnvironment === undefined) {
      findings.problem('storage', `must provide exactly one storage type. Provided: [${names}]`)
    } else {
      const remedy = 'to switch drivers, set REGISTRY_STORAGE'
      const message = `multiple storage drivers specified in configuration or environment: ${names}; ${remedy}`
      findings.problem('storage', message, byEnvironment)
    }
  }
  const auth = chosen(tree, 'auth', [])
  if (auth.length > 1) {
    findings.problem('auth', `must provide exactly one type. Provided: [${auth.map(([name]) => name).join(', ')}]`)
  }
}

function chosen(tree: Mapping, key: 'storage' | 'auth', settings: readonly string[]): [name: string, tree: Tree][] {
  const given = tree.entries.get(key)
  const section = given === undefined ? undefined : expandWord(registry.keys[key], given)
  if (section?.kind !== 'mapping') return []
  const known = keysOf(registry.keys[key]).map(([name]) => name)
  // Only the name of a known key is repeated: any other may be a secret.
  return [...section.entries]
    .filter(([name]) => !settings.includes(name))
    .map(([name, tree]) => [known.includes(name) ? name : 'an unknown one', tree])
}
