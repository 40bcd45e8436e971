import { randomBytes } from 'node:crypto'

/** What nobody may read who reads logs, metrics, errors or the list of processes. */
export class Secrets {
  readonly #values = new Map<string, string>()

  /** @returns a new secret of that name, which no text has by chance */
  make(name: string): string {
    return this.add(name, `${name}-${randomBytes(12).toString('hex')}`)
  }

  add(name: string, value: string): string {
    this.#values.set(value, name)
    return value
  }

  /** @returns the names of those that `text` has, as they are or in a form that gives them away */
  in(text: string): readonly string[] {
    return [...this.#values]
      .filter(([value]) => formsOf(value).some((form) => text.includes(form)))
      .map(([, name]) => name)
  }
}

function formsOf(value: string): readonly string[] {
  const bytes = Buffer.from(value)
  return [
    value,
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
    bytes.toString('hex'),
    // Within other text, the letters of base64 depend on where it begins; those at the ends on what is around.
    ...[0, 1, 2].flatMap((before) => {
      const encoded = Buffer.concat([Buffer.alloc(before), bytes])
        .toString('base64')
        .replaceAll('=', '')
      const inner = encoded.slice(before === 0 ? 0 : 4, -4)
      return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')]
    }),
  ].filter((form) => form.length >= 8)
}
