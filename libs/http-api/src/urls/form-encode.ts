/** A query as forms have it, in the order of its keys. */
export function formEncode(query: Readonly<Record<string, string>>): string {
  const search = new URLSearchParams(query)
  search.sort()
  return search.toString()
}
