/**
 * How users and tokens are known: an htpasswd file, tokens that are signed by somebody else, and a token server with its
 * policy. Begin with `open-access.ts`.
 */
export { explain, explainCatalog, type Explanation } from '../policy/explain.ts'
export { type Policy, type PolicyAction, policyActions } from '../policy/policy.ts'
export type { Subject } from '../policy/subject.ts'
export { openPolicy, type TokenServerParts } from '../token-server/open-token-server.ts'
export { rotateKeyFile } from '../token-server/rotate-key-file.ts'
export { readClaims } from '../token-server/read-claims.ts'
export { HtpasswdUsers, type HtpasswdUsersOptions } from './htpasswd/htpasswd-users.ts'
export { PasswordAccess } from './htpasswd/password-access.ts'
export { openAccess, type AccessOptions, type OpenedAccess } from './open-access.ts'
export { TokenAccess, type TokenAccessOptions } from './token/token-access.ts'
export { type TokenKeys, type TrustedKey } from './token/token-keys.ts'
export { WatchedFile, type WatchedFileOptions } from './watched-file.ts'
