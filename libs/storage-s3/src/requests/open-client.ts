import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import type { Logger } from '@berth/errors'
import { NodeHttpHandler, type NodeHttpHandlerOptions } from '@smithy/node-http-handler'
import { sendContentMd5 } from './content-md5.ts'
import { quietLimitMs, type S3Settings } from '../s3-settings.ts'
import { mostConnections } from './store.ts'

const connectTimeoutMs = 5000

/**
 * A client that makes each request once: what is made again is `Store`'s to decide.
 *
 * @param log is told what the SDK would write to the console
 */
export function openClient(settings: S3Settings, log: Pick<Logger, 'warn'>): S3Client {
  const logger = sdkLogger(log)
  const requestHandler = handlerOf(settings, logger)
  const client = new S3Client({ ...commonOf(settings, settings.endpoint), logger, requestHandler })
  if (!settings.checksums) sendContentMd5(client)
  return client
}

/** A client that only signs URLs, for where clients reach the store. */
export function openSigner(settings: S3Settings, log: Pick<Logger, 'warn'>): S3Client {
  const { endpoint, redirectEndpoint } = settings
  // Which endpoint of AWS's the registry itself uses is nothing to an endpoint that has its own name.
  const own = redirectEndpoint && { useDualStack: false, accelerate: false, useFips: false }
  // A checksum would be asked for in the URL.
  return new S3Client({
    ...commonOf({ ...settings, ...own }, redirectEndpoint ?? endpoint),
    logger: sdkLogger(log),
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
}

function commonOf(settings: S3Settings, endpoint: string | undefined): S3ClientConfig {
  const checksums = settings.checksums ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED'
  return {
    region: settings.region,
    ...(endpoint !== undefined && { endpoint }),
    ...(settings.credentials && { credentials: settings.credentials }),
    forcePathStyle: settings.forcePathStyle,
    useDualstackEndpoint: settings.useDualStack,
    useAccelerateEndpoint: settings.accelerate,
    useFipsEndpoint: settings.useFips,
    requestChecksumCalculation: checksums,
    responseChecksumValidation: checksums,
    maxAttempts: 1,
    // It would cost a round trip for each part, and most parts are welcome.
    expectContinueHeader: false,
    ...(settings.userAgent !== undefined && { customUserAgent: settings.userAgent }),
  }
}

function handlerOf({ skipVerify, timeoutMs }: S3Settings, logger: SdkLogger): NodeHttpHandler {
  const pool = { keepAlive: true, maxSockets: mostConnections, scheduling: 'lifo' } as const
  return new StoreHandler({
    httpAgent: new HttpAgent(pool),
    httpsAgent: new HttpsAgent({ ...pool, ...(skipVerify && { rejectUnauthorized: false }) }),
    connectionTimeout: connectTimeoutMs,
    socketTimeout: timeoutMs,
    logger,
  })
}

type SdkLogger = NonNullable<NodeHttpHandlerOptions['logger']>

/** Its errors are those of requests, which whoever asked has, too. */
function sdkLogger(log: Pick<Logger, 'warn'>): SdkLogger {
  const ignore = (): void => {}
  const warn = (...said: readonly unknown[]): void => log.warn({}, said.map(String).join(' '))
  return { trace: ignore, debug: ignore, info: ignore, warn, error: ignore }
}

type Handle = NodeHttpHandler['handle']

/** Gives up a request that shows no sign of life while there is time for another. */
class StoreHandler extends NodeHttpHandler {
  readonly #quick: NodeHttpHandler

  constructor(options: NodeHttpHandlerOptions & { readonly socketTimeout: number }) {
    super(options)
    this.#quick = new NodeHttpHandler({ ...options, socketTimeout: quietLimitMs(options.socketTimeout) })
  }

  override handle(...[request, options]: Parameters<Handle>): ReturnType<Handle> {
    return mayTakeLong(request) ? super.handle(request, options) : this.#quick.handle(request, options)
  }
}

/** What is about many objects or parts, or moves content within the store: it says nothing until it is done. */
function mayTakeLong({ method, query, headers }: Parameters<Handle>[0]): boolean {
  if (headers['x-amz-copy-source'] !== undefined) return true
  return method === 'GET' || (method === 'POST' && query?.['uploads'] === undefined)
}
