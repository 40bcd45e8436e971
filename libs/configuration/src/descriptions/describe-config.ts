import { keysOf, type Node, type Section } from '../schema/node.ts'
import { registry } from '../schema/registry.ts'

/** A key that is known. */
export interface KeyDescription {
  /** As in `http.tls.key`; `[]` is any item of a list. */
  readonly path: string
  readonly type: string
  /** As it would be written, or how it depends on other keys; `undefined` if there is no default. */
  readonly default: string | undefined
  readonly about: string
  readonly support: Support
  /** The key must be written wherever its section is used. */
  readonly isRequired: boolean
  /** The value is masked wherever the configuration is shown. */
  readonly isSecret: boolean
  /** The key is Berth's own, and unknown to Distribution. */
  readonly isOwn: boolean
}

/** Whether the key has an effect. */
export type Support = 'supported' | 'stops the start' | 'has no effect'

/** Facts of a section that hold for everything below it. */
interface Around {
  readonly support: Support
  readonly isOwn: boolean
}

/** Every key that is known, in the order of the schema. */
export function describeConfig(): readonly KeyDescription[] {
  return describeKeys(registry, '', { support: 'supported', isOwn: false })
}

function describeKeys(node: Section, path: string, around: Around): KeyDescription[] {
  return keysOf(node).flatMap(([key, , child]) => describe(child, path === '' ? key : `${path}.${key}`, around))
}

function describe(node: Node, path: string, around: Around): KeyDescription[] {
  const support = around.support === 'supported' ? supportOf(node) : around.support
  const below = { support, isOwn: around.isOwn || node.own === true }
  const isRequired = node.kind === 'leaf' && node.required
  const own = (type: string, value?: string): KeyDescription => {
    return { path, type, default: value, about: node.about, isRequired, isSecret: isSecret(node), ...below }
  }
  switch (node.kind) {
    case 'leaf':
      return [own(node.type, node.defaultText ?? node.defaultNote)]
    case 'anything':
      return [own('any')]
    case 'section':
      return keysOf(node).length === 0 ? [own('section')] : describeKeys(node, path, below)
    case 'optional':
      return describe(node.section, path, below)
    case 'list':
      return node.item.kind === 'leaf'
        ? [own(`list of ${node.item.type}`)]
        : [own('list'), ...describe(node.item, `${path}[]`, below)]
    case 'dictionary':
      return [own('mapping')]
  }
}

/** Whether a node is a secret, or a list or mapping of secrets. */
function isSecret(node: Node): boolean {
  if (node.secret) return true
  if (node.kind === 'list') return node.item.kind !== 'section' && isSecret(node.item)
  return node.kind === 'dictionary' && isSecret(node.value)
}

/** What `notYet` says about a node by itself. */
export function supportOf({ notYet }: Node): Support {
  if (notYet === undefined) return 'supported'
  return notYet.effect === 'stops' ? 'stops the start' : 'has no effect'
}
