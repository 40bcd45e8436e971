import { isNull, isSet, type Tree } from '../sources/tree.ts'
import type { Meta } from './node.ts'
import { parseFlag } from './values.ts'

type When = (tree: Tree) => boolean

/** For a key that restricts access or changes what is served: where it asks for anything, the process must not start. */
export function stops(about: string, because: string, when: When = isSet): Meta {
  return { about, notYet: { effect: 'stops', because, when } }
}

/** For any other key that has no effect yet. */
export function warns(about: string, because = 'is not supported yet and has no effect', when: When = isSet): Meta {
  return { about, notYet: { effect: 'warns', because, when } }
}

/** The key alone asks for it, whatever it holds. */
export const always: When = () => true

export const isOn: When = (tree) => tree.kind === 'scalar' && parseFlag(tree.text) === true

/** Whether a list has an item that is not marked `disabled`. */
export const hasEnabledItem: When = (tree) => {
  if (tree.kind === 'sequence') return tree.items.some((item) => !isDisabled(item))
  return tree.kind === 'mapping' ? [...tree.entries.values()].some(hasEnabledItem) : !isNull(tree)
}

function isDisabled(tree: Tree): boolean {
  const disabled = tree.kind === 'mapping' ? tree.entries.get('disabled') : undefined
  return disabled !== undefined && isOn(disabled)
}
