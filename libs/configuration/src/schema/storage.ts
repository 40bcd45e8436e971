import { parseCidr } from '../values/cidr.ts'
import { anything, list, optional, section, type Anything } from './node.ts'
import { always, stops, warns } from './not-yet.ts'
import { s3 } from './s3.ts'
import { duration, flag, integer, text, value } from './values.ts'

const unlimited = 'has no effect: concurrent work is limited by the memory that it uses'

/** Keys of `storage` that are not drivers. */
export const storageSettings = ['cache', 'delete', 'redirect', 'maintenance', 'tag'] as const

export const storage = section(
  { about: 'exactly one storage driver, and settings of the storage', isMap: true, mayBeWord: true },
  {
    filesystem: optional(
      section(
        { about: 'a directory', isMap: true },
        {
          rootDirectory: text({ default: '/var/lib/registry', about: 'root directory of the stored content' }),
          maxThreads: integer({
            ...warns('maximum number of concurrent file operations', unlimited),
            default: 100,
            min: 1,
          }),
        },
      ),
    ),
    inmemory: optional(section({ about: 'memory: the content is lost when the process ends', isMap: true }, {})),
    s3: optional(s3),
    s3Aws: optional(s3),
    gcs: driver('gcs'),
    azure: driver('azure'),
    swift: driver('swift'),
    oss: driver('oss'),
    cache: section(
      { about: 'the cache of blob descriptors', isMap: true },
      {
        blobDescriptor: descriptorCache('where descriptors of blobs and manifests are cached; default: nowhere'),
        layerInfo: descriptorCache('former name of blobdescriptor'),
        blobDescriptorSize: value(
          'integer',
          { default: 10_000, about: 'maximum number of descriptors in the memory cache' },
          cacheSize,
        ),
      },
    ),
    delete: section(
      { about: 'the delete API', isMap: true },
      { enabled: flag({ default: false, about: 'clients may delete manifests, tags and blobs' }) },
    ),
    redirect: section(
      { about: 'redirects of clients to the store; no effect with the filesystem driver', isMap: true },
      {
        disable: flag({
          default: false,
          about: 'never redirect clients to the store (no effect with the filesystem driver)',
        }),
        lifetimeMs: duration({
          default: 20 * 60_000,
          own: true,
          minMs: 1000,
          maxMs: 7 * 24 * 3_600_000,
          about: 'lifetime of a redirect URL',
        }),
        except: list(
          { own: true, about: 'networks whose clients are never redirected' },
          value('CIDR', { about: 'a network' }, parseCidr),
        ),
      },
    ),
    maintenance: section(
      { about: 'maintenance', isMap: true },
      {
        uploadPurging: section(
          { about: 'purge of stale uploads', isMap: true },
          {
            enabled: flag({ default: true, about: 'remove stale uploads' }),
            ageMs: duration({
              default: 168 * 3_600_000,
              maxMs: Number.MAX_SAFE_INTEGER,
              about: 'age after which an upload is stale',
            }),
            intervalMs: duration({
              default: 24 * 3_600_000,
              minMs: 1000,
              about: 'interval between purges',
            }),
            dryRun: flag({ default: false, about: 'only log stale uploads, and remove none' }),
          },
        ),
        readOnly: section(
          { about: 'read-only mode', isMap: true },
          { enabled: flag({ default: false, about: 'requests that would change content are answered with 405' }) },
        ),
      },
    ),
    tag: section(
      { about: 'tag lookup', isMap: true },
      {
        concurrencyLimit: integer({
          ...warns('maximum number of tags that are read concurrently when a manifest is deleted', unlimited),
          default: 0,
          min: 0,
        }),
      },
    ),
  },
)

function driver(name: string): Anything {
  return anything({
    secret: true,
    ...stops(`the ${name} driver`, `the storage driver ${name} is not supported yet`, always),
  })
}

function descriptorCache(about: string) {
  return value('inmemory or redis', { about }, (written, warn): 'inmemory' | 'redis' | 'none' => {
    if (written === 'inmemory' || written === 'redis') return written
    warn('is not supported: descriptors are not cached')
    return 'none'
  })
}

const mostDescriptors = 1_000_000

function cacheSize(written: string, warn: (message: string) => void): number {
  const size = integer({ about: '' }).parse({ kind: 'scalar', value: written, text: written, origin: '' }, warn) ?? 0
  if (size > 0 && size <= mostDescriptors) return size
  warn(`memory is bounded: the cache holds ${mostDescriptors} descriptors`)
  return mostDescriptors
}
