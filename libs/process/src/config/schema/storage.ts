import { parseCidr } from '../cidr.ts'
import { anything, list, optional, section, type Anything } from './node.ts'
import { always, stops, warns } from './not-yet.ts'
import { s3 } from './s3.ts'
import { duration, flag, integer, text, value } from './values.ts'

const unlimited = 'has no effect: work in parallel is bounded by what it holds in memory'

/** Keys of `storage` that are not drivers. */
export const storageSettings = ['cache', 'delete', 'redirect', 'maintenance', 'tag'] as const

export const storage = section(
  { about: 'exactly one driver, and how content is kept', isMap: true, mayBeWord: true },
  {
    filesystem: optional(
      section(
        { about: 'a directory', isMap: true },
        {
          rootDirectory: text({ default: '/var/lib/registry', about: 'the directory that holds the tree' }),
          maxThreads: integer({ ...warns('most file operations at a time', unlimited), default: 100, min: 1 }),
        },
      ),
    ),
    inmemory: optional(section({ about: 'memory: gone when the process ends', isMap: true }, {})),
    s3: optional(s3),
    s3Aws: optional(s3),
    gcs: driver('gcs'),
    azure: driver('azure'),
    swift: driver('swift'),
    oss: driver('oss'),
    cache: section(
      { about: 'descriptors of blobs that are remembered', isMap: true },
      {
        blobDescriptor: descriptorCache('where descriptors of blobs and manifests are cached; none where not set'),
        layerInfo: descriptorCache('former name of blobdescriptor'),
        blobDescriptorSize: value('integer', { default: 10_000, about: 'how many the memory cache holds' }, cacheSize),
      },
    ),
    delete: section(
      { about: 'the delete API', isMap: true },
      { enabled: flag({ default: false, about: 'clients may delete manifests, tags and blobs' }) },
    ),
    redirect: section(
      { about: 'sending clients to the store; a directory has no URL, so it has no effect there', isMap: true },
      {
        disable: flag({
          default: false,
          about: 'clients are never sent to the store (a directory has no URL: no effect there)',
        }),
        lifetimeMs: duration({
          default: 20 * 60_000,
          minMs: 1000,
          maxMs: 7 * 24 * 3_600_000,
          about: 'how long a URL that a client is sent to is good',
        }),
        except: list(
          { about: 'networks whose clients are not sent to the store, but served' },
          value('CIDR', { about: 'a network' }, parseCidr),
        ),
      },
    ),
    maintenance: section(
      { about: 'upkeep', isMap: true },
      {
        uploadPurging: section(
          { about: 'removal of uploads that were never finished', isMap: true },
          {
            enabled: flag({ default: true, about: 'uploads that were never finished are removed' }),
            ageMs: duration({
              default: 168 * 3_600_000,
              maxMs: Number.MAX_SAFE_INTEGER,
              about: 'once they are older than this',
            }),
            intervalMs: duration({
              default: 24 * 3_600_000,
              minMs: 1000,
              about: 'how often such uploads are looked for',
            }),
            dryRun: flag({ default: false, about: 'what would be removed is only logged' }),
          },
        ),
        readOnly: section(
          { about: 'read-only mode', isMap: true },
          { enabled: flag({ default: false, about: 'requests that would change anything are answered with 405' }) },
        ),
      },
    ),
    tag: section(
      { about: 'tag lookup', isMap: true },
      {
        concurrencyLimit: integer({
          ...warns('tags read at a time when a manifest is deleted', unlimited),
          default: 0,
          min: 0,
        }),
      },
    ),
  },
)

function driver(name: string): Anything {
  return anything(stops(`the ${name} driver`, `the storage driver ${name} is not supported yet`, always))
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
