import type { BlobNode } from './blob-node.ts'

/** The nodes there are, and which of them is next. */
export class BlobNodes {
  readonly #nodes: readonly BlobNode[]
  #turn = 0

  constructor(nodes: readonly BlobNode[]) {
    this.#nodes = nodes
  }

  get size(): number {
    return this.#nodes.length
  }

  /**
   * The node with the fewest requests in flight, in turn where several have as few. One that failed lately is only
   * chosen where there is no other.
   *
   * @param tried those that are not asked again
   */
  choose(tried: ReadonlySet<BlobNode>): BlobNode | undefined {
    const nodes = this.#nodes
    const first = this.#turn++ % nodes.length
    let chosen: BlobNode | undefined
    for (let at = 0; at < nodes.length; at++) {
      const node = nodes[(first + at) % nodes.length] as BlobNode
      if (tried.has(node) || node.isFull) continue
      if (chosen === undefined || isBefore(node, chosen)) chosen = node
    }
    return chosen
  }

  close(): void {
    for (const node of this.#nodes) node.close()
  }
}

function isBefore(node: BlobNode, other: BlobNode): boolean {
  return node.isPaused === other.isPaused ? node.inFlight < other.inFlight : other.isPaused
}
