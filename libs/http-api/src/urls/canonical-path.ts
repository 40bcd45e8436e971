/** Characters that mean "this path may not be canonical"; most paths have none, and need no closer look. */
export function looksUnclean(url: string): boolean {
  return url.includes('//') || url.includes('/.')
}

/**
 * What a path should have been: without empty components, which a client is sent on to; `undefined` where it has `.` or
 * `..` for a component. Those are never resolved: no client sends them but to reach what it should not.
 */
export function cleanPath(path: string): string | undefined {
  const clean = path.replaceAll(/\/{2,}/g, '/')
  return /\/\.{1,2}(?:\/|$)/.test(clean) || clean.includes('\\') ? undefined : clean
}
