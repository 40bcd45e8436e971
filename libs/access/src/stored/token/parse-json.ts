/** @throws Error it is none; `JSON.parse` itself would show a part of the text, which may be a secret */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('not JSON')
  }
}
