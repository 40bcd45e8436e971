/**
 * Access: who asks, and whether they may have what they ask for. Begin with `access-controller.ts`; how users and
 * tokens are known is behind `@berth/access/stored`.
 */
export type {
  AccessController,
  AccessDecision,
  AccessRequest,
  Denied,
  DenialReason,
  Granted,
  Limited,
} from './access-controller.ts'
export { unauthorized, type Access } from './access.ts'
export { parseBasic, type BasicCredentials } from './basic-credentials.ts'
export { formatChallenge, type BasicChallenge, type BearerChallenge, type Challenge } from './challenge.ts'
export { DenialSample } from './denial-sample.ts'
export type { Identity } from './identity.ts'
export { networkOf } from './network-of.ts'
export { Requester } from './requester.ts'
export { formatScopes, parseScopes, type Scope } from './scope.ts'
export type {
  IssuedToken,
  LimitedTokens,
  RefusedToken,
  TokenAnswer,
  TokenCredentials,
  TokenRequest,
  TokenServer,
} from './token-server.ts'
export type { LogIn, MarkedUsers, Users } from './users.ts'
