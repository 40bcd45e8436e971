import { requestS3 } from './s3-requests.ts'
import { startS3Server } from './s3-server.ts'
import { testBucket } from './storage.ts'

/** Gives a run of tests an S3 server with a bucket, unless the environment names one already. */
export async function setup(): Promise<() => Promise<void>> {
  if (process.env['BERTH_TEST_S3_ENDPOINT'] !== undefined) return async () => {}
  const server = await startS3Server()
  const { endpoint, accessKey, secretKey } = server
  const made = await requestS3(server, 'PUT', `/${testBucket}`)
  if (!made.ok) throw new Error(`no bucket could be made: ${made.status} ${await made.text()}`)
  Object.assign(process.env, {
    BERTH_TEST_S3_ENDPOINT: endpoint,
    BERTH_TEST_S3_KEY: accessKey,
    BERTH_TEST_S3_SECRET: secretKey,
  })
  return () => server.close()
}
