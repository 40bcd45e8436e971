import type { SendableBlobs } from '@berth/blobs'
import type { BlobUploads } from '@berth/uploads'

const unused = () => Promise.reject(new Error('not to be called here'))

/** For tests: blobs that nobody asks for. */
export const noBlobs: SendableBlobs = {
  stat: unused,
  statAll: unused,
  read: unused,
  put: unused,
  mount: unused,
  unlink: unused,
  sendTo: unused,
  sendPieces: unused,
}

/** For tests: uploads that can be appended to, and nothing else. */
export function uploadsThat(append: BlobUploads['append']): BlobUploads {
  return { append, start: unused, status: unused, complete: unused, cancel: unused }
}
