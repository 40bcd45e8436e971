/** Where a URL leads, for logs: without what may be a secret in it, which is a user, a password or a query. */
export function placeOf(url: string): string {
  const parsed = URL.parse(url)
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) return 'what is no URL of HTTP'
  return parsed.origin + parsed.pathname
}
