/**
 * Digests: `algorithm:encoded` of some content. Text becomes a `Digest` once, at the edge, by `parseDigest`;
 * content is checked against one by `checkDigest`, or while it streams by `verifyDigest`.
 */
export {
  algorithmOf,
  algorithms,
  canonicalAlgorithm,
  type Digest,
  type DigestAlgorithm,
  emptyDigest,
  encodedOf,
  isDigestAlgorithm,
  parseDigest,
} from './digest.ts'
export { checkDigest, digestOf, Digester, verifyDigest } from './digester.ts'
