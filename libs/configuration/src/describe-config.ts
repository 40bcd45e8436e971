import { keysOf, type Node, type Section } from './schema/node.ts'
import { registry } from './schema/registry.ts'

export interface KeyDescription {
  /** As in `http.tls.key`; `[]` is any item of a list. */
  readonly path: string
  readonly type: string
  /** As it would be written; `undefined` where there is none. */
  readonly default: string | undefined
  readonly about: string
  readonly support: 'supported' | 'stops the start' | 'has no effect'
}

type Support = KeyDescription['support']

/** Every key that is known, in the order of the schema. */
export function describeConfig(): readonly KeyDescription[] {
  return describeKeys(registry, '', 'supported')
}

function describeKeys(node: Section, path: string, support: Support): KeyDescription[] {
  return keysOf(node).flatMap(([key, , child]) => describe(child, path === '' ? key : `${path}.${key}`, support))
}

function describe(node: Node, path: string, around: Support): KeyDescription[] {
  const support = around !== 'supported' ? around : supportOf(node)
  const own = (type: string, value?: string) => ({ path, type, default: value, about: node.about, support })
  switch (node.kind) {
    case 'leaf':
      return [own(node.type, node.defaultText)]
    case 'anything':
      return [own('any')]
    case 'section':
      return keysOf(node).length === 0 ? [own('section')] : describeKeys(node, path, support)
    case 'optional':
      return describe(node.section, path, support)
    case 'list':
      return node.item.kind === 'leaf'
        ? [own(`list of ${node.item.type}`)]
        : [own('list'), ...describe(node.item, `${path}[]`, support)]
    case 'dictionary':
      return [own('mapping')]
  }
}

function supportOf({ notYet }: Node): Support {
  if (notYet === undefined) return 'supported'
  return notYet.effect === 'stops' ? 'stops the start' : 'has no effect'
}
