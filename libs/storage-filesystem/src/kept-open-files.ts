const prefixes = ['.nfs', '.fuse_hidden'] as const

/**
 * Whether a name is of a file that was removed while it was open: NFS clients and FUSE keep it under such a name, in its
 * directory, until it is closed.
 */
export function isKeptOpenFile(name: string): boolean {
  return prefixes.some((prefix) => name.startsWith(prefix))
}
