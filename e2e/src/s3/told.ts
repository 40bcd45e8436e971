/** What clients were told of what they did. */
export class Told {
  /** Digests that a registry has to have, by path below `/v2/`. */
  readonly acknowledged = new Map<string, string>()
  readonly refusals: string[] = []

  /** @returns whether it was done */
  async attempt(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (error) {
      this.refusals.push(error instanceof Error ? error.message : String(error))
      return false
    }
  }

  /** Refusals that are no answers of a registry that says that it cannot just now. */
  get unclean(): readonly string[] {
    return this.refusals.filter((text) => !/unavailable|503/i.test(text))
  }
}
