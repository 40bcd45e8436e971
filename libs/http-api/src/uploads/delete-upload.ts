import type { BlobUploads } from '@berth/uploads'
import type { Handler } from '../exchange/exchange.ts'
import { uploadOf } from './upload-request.ts'

/** Ends an upload. @see OCI distribution-spec, "Cancel a blob upload" */
export function deleteUpload({ uploads }: { readonly uploads: BlobUploads }): Handler {
  return async (exchange) => {
    const upload = uploadOf(exchange)
    await uploads.cancel(upload)
    exchange.response.writeHead(204, ['Docker-Upload-UUID', upload.id]).end()
  }
}
