import { hash } from 'node:crypto'
import type { S3Client } from '@aws-sdk/client-s3'

const checksumHeader = /^x-amz-(?:checksum-|sdk-checksum-)/i

/**
 * Where a request must have some checksum, as a removal of several objects must, sends the one that every store knows
 * since the first: newer ones are unknown to some, which then refuse the request.
 */
export function sendContentMd5(client: S3Client): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { headers: Record<string, string>; readonly body?: unknown }
      const isChecked = Object.keys(request.headers).some((name) => checksumHeader.test(name))
      if (isChecked && (typeof request.body === 'string' || request.body instanceof Uint8Array)) {
        const kept = Object.entries(request.headers).filter(([name]) => !checksumHeader.test(name))
        request.headers = { ...Object.fromEntries(kept), 'content-md5': hash('md5', request.body, 'base64') }
      }
      return next(args)
    },
    // After what adds the checksum, and before the request is signed.
    { step: 'build', priority: 'low', name: 'sendContentMd5' },
  )
}
