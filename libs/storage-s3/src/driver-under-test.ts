import { randomUUID } from 'node:crypto'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { ByteBudget } from '@berth/bytes'
import { S3Driver, type S3DriverOptions } from './s3-driver.ts'
import { defaultSizes, type S3Settings } from './s3-settings.ts'

const bucket = 'driver-tests'

/** Where the tests' server is: see `e2e/src/s3-server.ts`, which starts it for a run of the tests. */
export function settingsUnderTest(settings: Partial<S3Settings> = {}): S3Settings {
  const { BERTH_TEST_S3_ENDPOINT: endpoint, BERTH_TEST_S3_KEY: key, BERTH_TEST_S3_SECRET: secret } = process.env
  if (endpoint === undefined || key === undefined || secret === undefined) throw new Error('no S3 server was started')
  return {
    region: 'default',
    bucket,
    rootDirectory: `/${randomUUID()}`,
    endpoint,
    forcePathStyle: true,
    skipVerify: false,
    useDualStack: false,
    accelerate: false,
    useFips: false,
    credentials: { accessKeyId: key, secretAccessKey: secret },
    encrypt: false,
    ...defaultSizes,
    checksums: false,
    maxAttempts: 5,
    timeoutMs: 30_000,
    ...settings,
  }
}

let made: Promise<unknown> | undefined

/** A driver, for tests, below a root of its own. */
export async function openOnServer(
  settings: Partial<S3Settings> = {},
  options: Partial<Omit<S3DriverOptions, 'settings'>> = {},
) {
  const all = settingsUnderTest(settings)
  made ??= makeBucket(all)
  await made
  const budget = options.budget ?? new ByteBudget(64 * 1024 * 1024)
  const driver = await S3Driver.open({ ...options, settings: all, budget })
  return { driver, budget, settings: all, close: () => driver.close() }
}

/** A client of the tests' server, for what the driver does not do. */
export function clientOf({ region, endpoint = '', credentials }: S3Settings): S3Client {
  return new S3Client({ region, endpoint, forcePathStyle: true, ...(credentials && { credentials }) })
}

async function makeBucket(settings: S3Settings): Promise<void> {
  const client = clientOf(settings)
  // One that this user has already is no error.
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  client.destroy()
}
