import { matchesRuns, run } from './wildcards.ts'

/** A text of which parts may be anything, `*`; a backslash before a star makes it a star. */
export interface TextPattern {
  readonly text: string
  readonly items: readonly (string | typeof run)[]
}

export function parseTextPattern(text: string): TextPattern {
  const items = [...text.matchAll(/\\[*\\]|./gs)].map(([item]) => (item === '*' ? run : item.replace(/^\\(?=.)/s, '')))
  return { text, items }
}

export function matchesText({ items }: TextPattern, text: string): boolean {
  return matchesRuns(items, text, (expected, found) => expected === found)
}
