import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { orGone } from './or-gone.ts'
import { objectsIn } from './s3-requests.ts'
import type { S3Access } from './s3-server.ts'

/** Where Berth keeps what it keeps. */
export type Storage = 'filesystem' | 's3'

/** What the environment asks for, `BERTH_STORAGE`; a directory where it does not. */
export const storage = storageNamed(process.env['BERTH_STORAGE'] ?? 'filesystem')

/** Whether clients are sent to the store, where it is one that they can be sent to: `BERTH_REDIRECT` says `off`. */
const redirects = process.env['BERTH_REDIRECT'] !== 'off'

export const testBucket = 'berth-tests'

/** Where a registry that is started in `folder` keeps its data. */
export const treeIn = (folder: string): string => join(folder, 'tree')

/** What the keys of a registry that is started in `folder` begin with. */
const prefixIn = (folder: string): string => basename(folder)

/** The S3 server of this run. @throws Error there is none */
export function s3Access(): S3Access {
  const {
    BERTH_TEST_S3_ENDPOINT: endpoint,
    BERTH_TEST_S3_KEY: accessKey,
    BERTH_TEST_S3_SECRET: secretKey,
  } = process.env
  if (endpoint === undefined || accessKey === undefined || secretKey === undefined)
    throw new Error('no S3 server was started')
  return { endpoint, accessKey, secretKey }
}

/** The section of the driver, for Berth and for Distribution; each folder has a storage of its own. */
export function driverIn(folder: string, kind: Storage = storage): Readonly<Record<string, object>> {
  if (kind === 'filesystem') return { filesystem: { rootdirectory: treeIn(folder) } }
  const { endpoint, accessKey, secretKey } = s3Access()
  return {
    s3: {
      region: 'default',
      bucket: testBucket,
      regionendpoint: endpoint,
      accesskey: accessKey,
      secretkey: secretKey,
      secure: false,
      rootdirectory: `/${prefixIn(folder)}`,
    },
    ...(!redirects && { redirect: { disable: true } }),
  }
}

/** What is stored below `path`, by its path from there: something that is another where the content is. */
export async function storedIn(folder: string, path: string): Promise<ReadonlyMap<string, string>> {
  if (storage === 's3') {
    const root = `${prefixIn(folder)}/${path}/`
    return new Map((await objectsIn(s3Access(), testBucket, root)).map(({ key, tag }) => [key.slice(root.length), tag]))
  }
  return contentsBelow(join(treeIn(folder), path))
}

/** The content of every file below `root`, by its path from there; what is removed meanwhile is not there. */
async function contentsBelow(root: string): Promise<ReadonlyMap<string, string>> {
  const entries = await orGone(readdir(root, { withFileTypes: true }), [])
  const contents = entries.map(async (entry): Promise<readonly [string, string][]> => {
    const { name } = entry
    const path = join(root, name)
    if (entry.isDirectory()) return [...(await contentsBelow(path))].map(([below, text]) => [join(name, below), text])
    const text = await orGone(readFile(path, 'base64'), undefined)
    return text === undefined ? [] : [[name, text]]
  })
  return new Map((await Promise.all(contents)).flat())
}

/** @throws Error there is no such storage */
function storageNamed(name: string): Storage {
  if (name === 'filesystem' || name === 's3') return name
  throw new Error(`there is no storage ${JSON.stringify(name)}: filesystem or s3`)
}
