import { RegistryError } from '@berth/errors'

/** Something that is asked for: an action, on one thing of the registry. */
export interface Access {
  readonly type: 'repository' | 'registry'
  /** Of the repository, or of what the registry has of its own: `catalog`. */
  readonly name: string
  /** `*` stands for all there are. */
  readonly action: 'pull' | 'push' | 'delete' | '*'
}

/** That access is not granted, as the client is told: with all that it asked for. */
export function unauthorized(accesses: readonly Access[], options?: ErrorOptions): RegistryError<'UNAUTHORIZED'> {
  const detail = accesses.map(({ type, name, action }) => ({ Type: type, Class: '', Name: name, Action: action }))
  return new RegistryError('UNAUTHORIZED', detail.length === 0 ? null : detail, options)
}
