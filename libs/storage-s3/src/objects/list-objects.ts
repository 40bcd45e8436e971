import { type _Object as FoundObject, ListObjectsV2Command } from '@aws-sdk/client-s3'
import type { Entry } from '@berth/storage'
import type { Store } from '../requests/store.ts'

export interface ObjectPage {
  readonly objects: readonly { readonly key: string; readonly modifiedAtMs: number; readonly tag: string }[]
  /** What keys have in common up to the next slash, where it was asked for. */
  readonly prefixes: readonly string[]
}

export interface ListOptions {
  readonly prefix: string
  /** Whether keys are told by what they have in common up to the next slash. */
  readonly byDirectory?: boolean
  /** A key; what is listed comes after it. */
  readonly after?: string
  /** Of a page. */
  readonly limit?: number
}

/** Keys in the store's order, a page at a time. */
export async function* listObjects(store: Store, options: ListOptions): AsyncGenerator<ObjectPage> {
  const { prefix, byDirectory = false, after, limit } = options
  let token: string | undefined
  do {
    const { Contents, CommonPrefixes, NextContinuationToken, IsTruncated } = await store.send(
      'ListObjectsV2',
      ({ client, options: sent }) =>
        client.send(
          new ListObjectsV2Command({
            Bucket: store.bucket,
            Prefix: prefix,
            ...(byDirectory && { Delimiter: '/' }),
            ...(after !== undefined && token === undefined && { StartAfter: after }),
            ...(token !== undefined && { ContinuationToken: token }),
            ...(limit !== undefined && { MaxKeys: limit }),
          }),
          sent,
        ),
    )
    yield {
      objects: (Contents ?? []).map(({ Key = '', LastModified, ETag = '' }: FoundObject) => ({
        key: Key,
        modifiedAtMs: LastModified?.getTime() ?? 0,
        tag: ETag,
      })),
      prefixes: (CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix),
    }
    token = IsTruncated === true ? NextContinuationToken : undefined
  } while (token !== undefined)
}

/** As much of a text as can be a part of a key. What comes after the text comes after this. */
function keyLike(text: string): string {
  return (/^[\x20-\x7e]*/.exec(text)?.[0] ?? '').slice(0, 255)
}

/** What is directly below `prefix`, which is empty or ends with a slash. */
export async function* listEntries(store: Store, prefix: string, after?: string): AsyncGenerator<Entry> {
  const start = after === undefined ? {} : { after: `${prefix}${keyLike(after)}` }
  for await (const { objects, prefixes } of listObjects(store, { prefix, byDirectory: true, ...start })) {
    for (const { key } of objects) {
      // Some tools make an object that stands for the directory.
      if (key !== prefix) yield { name: key.slice(prefix.length), isDirectory: false }
    }
    for (const each of prefixes) yield { name: each.slice(prefix.length, -1), isDirectory: true }
  }
}
