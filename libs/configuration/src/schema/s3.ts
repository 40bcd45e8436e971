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
    region: text({ required: true, about: 'the region; any word if the store has no regions' }),
    bucket: text({ required: true, about: 'the bucket, which must exist' }),
    rootDirectory: text({ default: '', about: 'prefix of all object keys' }),
    regionEndpoint: value('URL or host', { about: 'endpoint of the store; default: AWS' }, endpoint),
    redirectEndpoint: value(
      'URL or host',
      { own: true, about: 'endpoint of the store for clients, if it differs' },
      endpoint,
    ),
    forcePathStyle: flag({
      defaultNote: 'true with a regionendpoint',
      about: 'the bucket’s name is in the URL’s path, not in its host name',
    }),
    accessKey: headerText({
      secret: true,
      about: 'the access key; without both keys, the SDK finds credentials: environment, pod, instance',
    }),
    secretKey: text({ secret: true, about: 'the secret key of accesskey' }),
    sessionToken: headerText({ secret: true, about: 'the session token of temporary credentials' }),
    encrypt: flag({ default: false, about: 'the store encrypts objects (server-side encryption)' }),
    keyId: headerText({ about: 'the KMS key for encryption; default: the store’s own key' }),
    secure: flag({ default: true, about: 'use HTTPS if the endpoint has no scheme' }),
    skipVerify: flag({ default: false, about: 'do not verify the store’s certificate' }),
    v4Auth: value('true', { default: true, about: 'signature version 4, the only one' }, (written) => {
      if (/^(?:true|yes|y|on)$/i.test(written)) return true
      throw new InvalidValue('signatures of version 2 are not supported')
    }),
    chunkSize: integer({
      default: 10 * mebibyte,
      min: 5 * mebibyte,
      max: largestPart,
      about: 'size of the parts of a multipart upload, in bytes',
    }),
    multipartCopyChunkSize: integer({
      default: 32 * mebibyte,
      min: 5 * mebibyte,
      max: largestPart,
      about: 'size of the ranges of a multipart copy, in bytes',
    }),
    multipartCopyMaxConcurrency: integer({
      default: 16,
      min: 1,
      about: 'maximum number of concurrent ranges of one copy',
    }),
    multipartCopyThresholdSize: integer({
      default: 32 * mebibyte,
      min: 0,
      max: largestPart,
      about: 'maximum size of an object that is copied with one request, in bytes',
    }),
    storageClass: value(
      storageClasses.join(', '),
      { default: 'STANDARD', about: 'storage class of content' },
      (written) => {
        const found = storageClasses.find((each) => each === written.toUpperCase())
        if (found !== undefined) return found
        throw new InvalidValue(`is not one of ${storageClasses.join(', ')}`)
      },
    ),
    objectAcl: oneOf(acls, { default: 'private', about: 'canned ACL of new objects' }),
    userAgent: headerText({ about: 'text to add to the User-Agent header of requests' }),
    useDualStack: flag({ default: false, about: 'AWS’s endpoint for IPv4 and IPv6' }),
    accelerate: flag({ default: false, about: 'AWS’s transfer acceleration' }),
    useFipsEndpoint: flag({ default: false, about: 'AWS’s FIPS endpoint' }),
    logLevel: text({ ...warns('log level of the SDK', 'has no effect: requests are counted in the metrics') }),
    checksums: flag({
      own: true,
      defaultNote: 'false with a regionendpoint',
      about: 'send CRC-32 checksums with writes, and verify them on reads of up to 64 KiB',
    }),
    maxAttempts: integer({
      default: 8,
      own: true,
      min: 1,
      max: 100,
      about: 'maximum number of attempts per request, not counting throttled attempts',
    }),
    timeoutMs: duration({
      default: 30_000,
      own: true,
      minMs: 1000,
      about: 'timeout of a request with all its attempts; an attempt without progress for a third of it is retried',
    }),
  },
)

const host = /^(?:[^\s/:@?#[\]]+|\[[\da-f:.]+\])(?::\d+)?(?:\/|$)/i

/** A URL, or a host, which `secure` makes a URL. */
function endpoint(written: string): string {
  const hasScheme = /^[a-z]+:\/\//i.test(written)
  if (!hasScheme && !host.test(written)) throw new InvalidValue('is neither a URL nor a host')
  const whole = hasScheme ? written : `https://${written}`
  url({ about: '' }).parse({ kind: 'scalar', value: whole, text: whole, origin: '' }, () => {})
  return written
}
