import type { Version } from '../contract/record-store.ts'
import type { StoragePath } from '../storage-path.ts'

/** A name in the tree. As in an object store it may be content and directory at once. */
export interface MemoryNode {
  readonly children: Map<string, MemoryNode>
  content: Uint8Array | undefined
  record: { readonly version: Version; readonly content: Uint8Array } | undefined
  modifiedAtMs: number
}

/** Names by path. Directories are there while something is below them. */
export class MemoryTree {
  readonly #root: MemoryNode
  readonly #nowMs: () => number

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
    this.#root = this.#emptyNode()
  }

  find(path: StoragePath): MemoryNode | undefined {
    let node: MemoryNode | undefined = this.#root
    for (const name of componentsOf(path)) {
      node = node.children.get(name)
      if (node === undefined) return undefined
    }
    return node
  }

  /** The node at a path, made with those above it where it is not there. */
  make(path: StoragePath): MemoryNode {
    let node = this.#root
    for (const name of componentsOf(path)) {
      let child = node.children.get(name)
      if (child === undefined) {
        child = this.#emptyNode()
        node.children.set(name, child)
      }
      // To make something below a directory is to change it, as file systems see it.
      node.modifiedAtMs = this.#nowMs()
      node = child
    }
    node.modifiedAtMs = this.#nowMs()
    return node
  }

  /** Removes a node with all below it, and every directory above that it leaves empty. */
  remove(path: StoragePath): boolean {
    const names = componentsOf(path)
    const parents: MemoryNode[] = []
    let node = this.#root
    for (const name of names) {
      parents.push(node)
      const child = node.children.get(name)
      if (child === undefined) return false
      node = child
    }
    for (const [depth, parent] of [...parents.entries()].toReversed()) {
      parent.children.delete(names[depth] as string)
      parent.modifiedAtMs = this.#nowMs()
      if (!isEmpty(parent)) break
    }
    return true
  }

  #emptyNode(): MemoryNode {
    return { children: new Map(), content: undefined, record: undefined, modifiedAtMs: this.#nowMs() }
  }
}

export function isDirectory(node: MemoryNode): boolean {
  return node.children.size > 0
}

export function parentOf(path: StoragePath): StoragePath {
  return (path.slice(0, path.lastIndexOf('/')) || '/') as StoragePath
}

function isEmpty(node: MemoryNode): boolean {
  return node.children.size === 0 && node.content === undefined && node.record === undefined
}

function componentsOf(path: StoragePath): readonly string[] {
  return path === '/' ? [] : path.slice(1).split('/')
}
