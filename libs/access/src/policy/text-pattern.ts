/** A text in which `*` stands for any run of characters, an empty one too; `\*` is a star, and `\\` a backslash. */
export interface TextPattern {
  readonly text: string
  /** What stands between the stars, in order: one more than there are stars. */
  readonly chunks: readonly string[]
}

export function parseTextPattern(text: string): TextPattern {
  const chunks: string[] = []
  let chunk = ''
  for (const [item] of text.matchAll(/\\[*\\]|./gs)) {
    if (item === '*') {
      chunks.push(chunk)
      chunk = ''
    } else chunk += item.length === 2 ? item[1] : item
  }
  return { text, chunks: [...chunks, chunk] }
}

/** Takes each chunk where it is first found, so no part of the text is searched twice for the same chunk. */
export function matchesText({ chunks }: TextPattern, text: string): boolean {
  const [first = '', ...others] = chunks
  const last = others.pop()
  if (last === undefined) return text === first
  const end = text.length - last.length
  if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false
  let at = first.length
  for (const chunk of others) {
    const found = text.indexOf(chunk, at)
    if (found < 0) return false
    at = found + chunk.length
  }
  return at <= end
}
