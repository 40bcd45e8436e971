/**
 * What each connection has shown last, and what came of it: who shows the same again, as clients do, costs no digest.
 * It is kept as it was sent, but no longer than its connection.
 */
export class LastShown<V> {
  readonly #shown = new WeakMap<object, { readonly text: string; readonly value: V }>()

  recall(connection: object | undefined, text: string): V | undefined {
    const shown = connection && this.#shown.get(connection)
    return shown?.text === text ? shown.value : undefined
  }

  keep(connection: object | undefined, text: string, value: V): void {
    if (connection !== undefined) this.#shown.set(connection, { text, value })
  }
}
