import { randomBytes } from 'node:crypto'
import { type ByteBudget, collect } from '@berth/bytes'
import { type Logger, StartError } from '@berth/errors'
import type { S3Config, S3Credentials } from '@berth/configuration'
import type { Check } from '@berth/process'
import { layout } from '@berth/storage'
import { S3Driver } from './s3-driver.ts'
import type { StoreObserver } from './requests/store-observer.ts'

const secretSize = 32
const checkIntervalMs = 2000

export interface OpenBucketOptions {
  readonly config: S3Config
  readonly credentials: S3Credentials | undefined
  readonly isReadOnly: boolean
  readonly budget: ByteBudget
  readonly observer?: StoreObserver
  readonly log?: Pick<Logger, 'warn'>
}

export interface OpenedBucket {
  readonly driver: S3Driver
  /** Where everything is: the bucket and, if there is one, the directory in it. */
  readonly root: string
  /** What a process that works on it cannot be sent requests without. */
  readonly needs: readonly Check[]
  close(): Promise<void>
}

/** Opens the bucket that is configured. @throws StartError that says what is wrong with it */
export async function openBucket(options: OpenBucketOptions): Promise<OpenedBucket> {
  const { bucket, rootDirectory } = options.config
  const driver = await openDriver(options)
  return {
    driver,
    root: `${bucket}/${rootDirectory.replace(/^\/+/, '')}`,
    needs: [{ name: 'object store', intervalMs: checkIntervalMs, threshold: 1, check: () => driver.check() }],
    close: () => driver.close(),
  }
}

async function openDriver({ config, credentials, ...options }: OpenBucketOptions): Promise<S3Driver> {
  const { name: _, ...settings } = config
  try {
    return await S3Driver.open({
      ...options,
      settings: {
        ...settings,
        ...(credentials && {
          credentials: {
            accessKeyId: credentials.accessKey,
            secretAccessKey: credentials.secretKey.reveal(),
            ...(credentials.sessionToken && { sessionToken: credentials.sessionToken.reveal() }),
          },
        }),
      },
    })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new StartError('storage.s3', `${config.bucket}: ${reason}`, { cause })
  }
}

/**
 * The secret that is kept beside a registry's data for whoever has no other: made once, the same for all processes.
 *
 * @throws StorageError it cannot be read or made
 */
export async function readOrMakeStoredSecret(driver: S3Driver): Promise<Uint8Array> {
  await driver.create(layout.secretPath, randomBytes(secretSize))
  return collect((await driver.read(layout.secretPath)).content, secretSize)
}
