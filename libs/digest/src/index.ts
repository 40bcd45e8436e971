/**
 * Digests: `algorithm:encoded` of some content. Text becomes a `Digest` once, at the edge, by `parseDigest`;
 * content is checked against one while it streams, by `Digester` and `verifyDigest`.
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
export { digestOf, Digester, verifyDigest } from './digester.ts'
