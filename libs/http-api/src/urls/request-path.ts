/** The path of a request's target, as it was sent: never decoded, never resolved, and never a reason to throw. */
export function pathOf(target: string): string {
  const query = target.indexOf('?')
  const path = query < 0 ? target : target.slice(0, query)
  // A client that takes this server for a proxy sends a whole URL.
  return path.startsWith('/') ? path : path.replace(/^[a-z]+:\/\/[^/]*/i, '')
}
