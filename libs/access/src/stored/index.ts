/**
 * How users and tokens are known: an htpasswd file, and tokens that are signed by somebody else.
 * Begin with `open-access.ts`.
 */
export { HtpasswdUsers, type HtpasswdUsersOptions } from './htpasswd/htpasswd-users.ts'
export { PasswordAccess } from './htpasswd/password-access.ts'
export { openAccess, type AccessOptions, type OpenedAccess } from './open-access.ts'
export { TokenAccess, type TokenAccessOptions } from './token/token-access.ts'
export { type TokenKeys, type TrustedKey } from './token/token-keys.ts'
export { WatchedFile, type WatchedFileOptions } from './watched-file.ts'
