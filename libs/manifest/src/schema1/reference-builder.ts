import type { BuiltManifest, ManifestBuilder } from '../manifest-builder.ts'
import { formatSchema1Body, type Schema1Identity, type Schema1Step, signSchema1 } from './build-schema1.ts'

/** Builds a signed schema1 manifest of layers whose history is known. */
export class ReferenceBuilder implements ManifestBuilder<Schema1Step> {
  readonly #identity: Schema1Identity
  readonly #architecture: string
  readonly #steps: Schema1Step[] = []

  constructor({ architecture, ...identity }: Schema1Identity & { readonly architecture: string }) {
    this.#identity = identity
    this.#architecture = architecture
  }

  append(step: Schema1Step): this {
    this.#steps.push(step)
    return this
  }

  build(): BuiltManifest {
    return signSchema1(formatSchema1Body(this.#architecture, this.#steps.toReversed()), this.#identity)
  }
}
