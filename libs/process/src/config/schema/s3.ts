import { InvalidValue } from '../problems.ts'
import { section } from './node.ts'
import { warns } from './not-yet.ts'
import { duration, flag, headerText, integer, oneOf, text, url, value } from './values.ts'

const mebibyte = 1024 * 1024
const largestPart = 5 * 1024 * mebibyte

const storageClasses = [
  'NONE',
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'OUTPOSTS',
  'GLACIER_IR',
]

const acls = [
  'private',
  'public-read',
  'public-read-write',
  'authenticated-read',
  'aws-exec-read',
  'bucket-owner-read',
  'bucket-owner-full-control',
] as const

/** The parameters of Distribution's S3 driver, and Berth's own. */
export const s3 = section(
  { about: 'a bucket of an object store that speaks S3', isMap: true },
  {
    region: text({ required: true, about: 'the region; where a store has none, any word' }),
    bucket: text({ required: true, about: 'the bucket, which must exist' }),
    rootDirectory: text({ default: '', about: 'what all keys begin with' }),
    regionEndpoint: value('URL or host', { about: 'where the store is; AWS where not given' }, endpoint),
    redirectEndpoint: value('URL or host', { about: 'where clients reach it, if that is elsewhere' }, endpoint),
    forcePathStyle: flag({
      defaultText: 'true with a regionendpoint',
      about: 'the bucket is in the path of URLs, not in the name of the host',
    }),
    accessKey: headerText({ about: 'the key; with neither, the SDK finds credentials: environment, pod, instance' }),
    secretKey: text({ about: 'its secret' }),
    sessionToken: headerText({ about: 'of credentials that expire' }),
    encrypt: flag({ default: false, about: 'the store encrypts what it keeps' }),
    keyId: headerText({ about: 'the key in KMS that it does so with; its own where not given' }),
    secure: flag({ default: true, about: 'HTTPS, where an endpoint does not say' }),
    skipVerify: flag({ default: false, about: 'the store’s certificate is not checked' }),
    v4Auth: value('true', { default: true, about: 'signature version 4, the only one' }, (written) => {
      if (/^(?:true|yes|y|on)$/i.test(written)) return true
      throw new InvalidValue('signatures of version 2 are not supported')
    }),
    chunkSize: integer({
      default: 10 * mebibyte,
      min: 5 * mebibyte,
      max: largestPart,
      about: 'bytes of the parts that a large blob is sent in',
    }),
    multipartCopyChunkSize: integer({
      default: 32 * mebibyte,
      min: 5 * mebibyte,
      max: largestPart,
      about: 'bytes of the ranges that the store copies',
    }),
    multipartCopyMaxConcurrency: integer({ default: 16, min: 1, about: 'ranges of one copy at a time' }),
    multipartCopyThresholdSize: integer({
      default: 32 * mebibyte,
      min: 0,
      max: largestPart,
      about: 'bytes up to which a copy is one request',
    }),
    storageClass: value(storageClasses.join(', '), { default: 'STANDARD', about: 'of content' }, (written) => {
      const found = storageClasses.find((each) => each === written.toUpperCase())
      if (found !== undefined) return found
      throw new InvalidValue(`is not one of ${storageClasses.join(', ')}`)
    }),
    objectAcl: oneOf(acls, { default: 'private', about: 'who may read objects besides' }),
    userAgent: headerText({ about: 'added to what requests say of their sender' }),
    useDualStack: flag({ default: false, about: 'AWS’s endpoint for IPv4 and IPv6' }),
    accelerate: flag({ default: false, about: 'AWS’s transfer acceleration' }),
    useFipsEndpoint: flag({ default: false, about: 'AWS’s FIPS endpoint' }),
    logLevel: text({ ...warns('what the SDK logs', 'has no effect: requests are counted in the metrics') }),
    checksums: flag({
      defaultText: 'false with a regionendpoint',
      about: 'CRC-32 checksums go with what is written, and check what is read to 64 KiB',
    }),
    maxAttempts: integer({
      default: 8,
      min: 1,
      max: 100,
      about: 'attempts at one request of the store, but for those that it throttled',
    }),
    timeoutMs: duration({
      default: 30_000,
      minMs: 1000,
      about: 'for one request with all its attempts; one that is silent for a third of it is made again',
    }),
  },
)

const host = /^(?:[^\s/:@?#[\]]+|\[[\da-f:.]+\])(?::\d+)?(?:\/|$)/i

/** A host alone is made a URL by `secure`. */
function endpoint(written: string): string {
  const hasScheme = /^[a-z]+:\/\//i.test(written)
  if (!hasScheme && !host.test(written)) throw new InvalidValue('is neither a URL nor a host')
  const whole = hasScheme ? written : `https://${written}`
  url({ about: '' }).parse({ kind: 'scalar', value: whole, text: whole, origin: '' }, () => {})
  return written
}
