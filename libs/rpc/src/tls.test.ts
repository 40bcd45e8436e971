import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Manifests } from '@berth/manifests'
import { Secret } from '@berth/configuration'
import { Lifecycle } from '@berth/process'
import { makeCertificate } from '@berth/configuration/testing'
import { parseRepositoryName, parseTag } from '@berth/reference'
import { digestOf } from '@berth/digest'
import { describe, expect, it, onTestFinished } from 'vitest'
import { RemoteManifests } from './client/remote-manifests.ts'
import { RpcChannel } from './client/rpc-channel.ts'
import { errorLog, listen } from './test-server.ts'
import { followRpcTls, RenewableTls, type RpcClientTls } from './tls.ts'

const [server, client, stranger] = [makePair(), makePair(), makePair()]
const digest = digestOf('m')
const manifests: Manifests = {
  get: async () => ({ mediaType: 'm', digest, content: Buffer.from('m') }),
  put: () => Promise.reject(new Error('not to be called here')),
  delete: async () => [],
}

/** Whoever is to be answered may take its time; whoever is not is asked again until there is none left. */
const [patientMs, hastyMs] = [30_000, 300]

async function get(
  serverTls: Partial<RpcClientTls>,
  clientTls: RpcClientTls | undefined,
  deadlineMs: number,
): Promise<string> {
  const served = await listen({ manifests }, {}, new RenewableTls({ ...server, cas: [], ...serverTls }))
  onTestFinished(() => served.close())
  const channel = new RpcChannel({
    addresses: [served.address],
    tls: clientTls && new RenewableTls(clientTls),
    deadlineMs,
  })
  onTestFinished(() => channel.close())
  const repository = parseRepositoryName('a')
  return new RemoteManifests(channel).get(repository, parseTag('b')).then(
    (found) => found.digest,
    (error: { code: string }) => error.code,
  )
}

describe('over TLS', () => {
  const cas = [client.cert]

  it.each<[string, Partial<RpcClientTls>, RpcClientTls]>([
    ['that trusts the server', {}, { cas: [server.cert] }],
    ['that shows the certificate which is asked for', { cas }, { cas: [server.cert], ...client }],
  ])('a client is answered %s', async (_, serverTls, clientTls) => {
    expect(await get(serverTls, clientTls, patientMs)).toBe(digest)
  })

  it.each<[string, Partial<RpcClientTls>, RpcClientTls | undefined]>([
    ['that shows no certificate', { cas }, { cas: [server.cert] }],
    ["that shows a stranger's certificate", { cas }, { cas: [server.cert], ...stranger }],
    ['that does not trust the server', {}, { cas: [stranger.cert] }],
    ['that trusts whom Node trusts', {}, { cas: [] }],
    ['that speaks no TLS', {}, undefined],
  ])('a client is not answered %s', async (_, serverTls, clientTls) => {
    expect(await get(serverTls, clientTls, hastyMs)).toBe('UNAVAILABLE')
  })
})

describe('TLS that is renewed', () => {
  const next = makePair()
  const repository = parseRepositoryName('a')

  async function serve(tls: RpcClientTls) {
    const renewable = new RenewableTls(tls)
    const served = await listen({ manifests }, {}, renewable)
    onTestFinished(() => served.close())
    const connect = (clientTls: RpcClientTls, deadlineMs = patientMs) => {
      const shown = new RenewableTls(clientTls)
      const channel = new RpcChannel({ addresses: [served.address], tls: shown, deadlineMs })
      onTestFinished(() => channel.close())
      const ask = (): Promise<string> =>
        new RemoteManifests(channel).get(repository, parseTag('b')).then(
          (found) => found.digest,
          (error: { code: string }) => error.code,
        )
      return { ask, renew: (renewed: RpcClientTls) => shown.renew(renewed) }
    }
    return { connect, renew: (renewed: RpcClientTls) => renewable.renew(renewed) }
  }

  it('counts for new connections, and calls on those that are there go on', async () => {
    const { connect, renew } = await serve({ ...server, cas: [] })
    const before = connect({ cas: [server.cert] })
    expect(await before.ask()).toBe(digest)
    renew({ ...next, cas: [] })
    expect(await before.ask()).toBe(digest)
    expect(await connect({ cas: [next.cert] }).ask()).toBe(digest)
    expect(await connect({ cas: [server.cert] }, hastyMs).ask()).toBe('UNAVAILABLE')
  })

  it('counts for whom a server lets in', async () => {
    const { connect, renew } = await serve({ ...server, cas: [client.cert] })
    renew({ ...server, cas: [stranger.cert] })
    expect(await connect({ cas: [server.cert], ...stranger }).ask()).toBe(digest)
    expect(await connect({ cas: [server.cert], ...client }, hastyMs).ask()).toBe('UNAVAILABLE')
  })

  it('counts for what a client shows, and whom it trusts', async () => {
    const { connect } = await serve({ ...server, cas: [client.cert] })
    const caller = connect({ cas: [next.cert], ...stranger }, 1000)
    expect(await caller.ask()).toBe('UNAVAILABLE')
    caller.renew({ cas: [server.cert], ...stranger })
    expect(await caller.ask()).toBe('UNAVAILABLE')
    caller.renew({ cas: [server.cert], ...client })
    // How long it waits before it connects again is its own affair.
    let answer = await caller.ask()
    while (answer === 'UNAVAILABLE') answer = await caller.ask()
    expect(answer).toBe(digest)
  })

  it('is what its files hold', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'berth-rpc-tls-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const [certificateFile, keyFile, ca] = ['cert', 'key', 'ca'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]
    await writeFile(certificateFile, next.cert)
    await writeFile(keyFile, next.key.reveal())
    await writeFile(ca, client.cert)
    const log = errorLog()
    const lifecycle = new Lifecycle(log)
    onTestFinished(async () => void (await lifecycle.close(AbortSignal.timeout(1000))))
    const looked = Promise.withResolvers<void>()
    let runs = 0
    const followed = followRpcTls(
      { files: { certificateFile, keyFile, caFiles: [ca] }, ...server, cas: [client.cert] },
      {
        lifecycle,
        log,
        after: (_, run) => {
          if (runs++ === 0) run()
          else looked.resolve()
          return () => undefined
        },
      },
    )
    await looked.promise
    const served = await listen({ manifests }, {}, followed)
    onTestFinished(() => served.close())
    const tls = new RenewableTls({ cas: [next.cert], ...client })
    const channel = new RpcChannel({ addresses: [served.address], tls })
    onTestFinished(() => channel.close())
    expect((await new RemoteManifests(channel).get(repository, parseTag('b'))).digest).toBe(digest)
    expect(log.errors).toEqual([])
  })
})

function makePair(): { readonly cert: string; readonly key: Secret } {
  const { cert, key } = makeCertificate()
  return { cert, key: new Secret(key) }
}
