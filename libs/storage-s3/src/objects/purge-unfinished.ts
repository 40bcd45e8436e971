import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
} from '@aws-sdk/client-s3'
import type { Store } from '../requests/store.ts'
import { isStatus, StoreError } from '../requests/store-fault.ts'

interface Marker {
  readonly KeyMarker?: string | undefined
  readonly UploadIdMarker?: string | undefined
}

/**
 * Aborts the multipart uploads below a prefix that were begun before a time, by the store's clock.
 *
 * @returns how many were aborted
 * @throws StoreError
 */
export async function purgeUnfinished(store: Store, prefix: string, beforeMs: number): Promise<number> {
  let count = 0
  let marker: Marker | undefined = {}
  while (marker !== undefined) {
    const from: Marker = marker
    const page: ListMultipartUploadsCommandOutput = await store.send('ListMultipartUploads', ({ client, options }) =>
      client.send(new ListMultipartUploadsCommand({ Bucket: store.bucket, Prefix: prefix, ...from }), options),
    )
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (Initiated === undefined || Initiated.getTime() >= beforeMs) continue
      await abort(store, Key, UploadId)
      count += 1
    }
    const { IsTruncated, NextKeyMarker, NextUploadIdMarker } = page
    marker = IsTruncated === true ? { KeyMarker: NextKeyMarker, UploadIdMarker: NextUploadIdMarker } : undefined
  }
  return count
}

async function abort(store: Store, Key: string | undefined, UploadId: string | undefined): Promise<void> {
  try {
    await store.send('AbortMultipartUpload', ({ client, options }) =>
      client.send(new AbortMultipartUploadCommand({ Bucket: store.bucket, Key, UploadId }), options),
    )
  } catch (error) {
    // Somebody else was first.
    if (!(error instanceof StoreError) || !isStatus(error.cause, 404)) throw error
  }
}
