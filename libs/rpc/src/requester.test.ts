import { Requester } from '@berth/access'
import { expect, it, onTestFinished } from 'vitest'
import { parseRepositoryName } from '@berth/reference'
import { RemoteTags } from './client/remote-listings.ts'
import { RpcChannel } from './client/rpc-channel.ts'
import { listen } from './test-server.ts'

const repository = parseRepositoryName('a/b')

async function served(onClient: Requester | undefined, onServer: Requester | undefined) {
  const known: (string | undefined)[] = []
  const list = async () => {
    await Promise.resolve()
    known.push(onServer?.current?.name)
    if (known.length > 1) throw new Error('EIO')
    return { entries: [], hasMore: false }
  }
  const tags = { list, delete: () => Promise.reject(new Error('not to be called')) }
  const { address, close, log } = await listen({ tags }, { requester: onServer })
  const channel = new RpcChannel({ addresses: [address], requester: onClient })
  onTestFinished(async () => {
    channel.close()
    await close()
  })
  const remote = new RemoteTags(channel)
  return { known, log, list: () => remote.list(repository, {}) }
}

it('a service is told for whom it is called, and says so where it fails', async () => {
  const requester = new Requester()
  const { known, log, list } = await served(requester, new Requester())
  await requester.for({ name: 'Zoë' }, list)
  expect(known).toEqual(['Zoë'])
  await expect(requester.for({ name: 'bob' }, list)).rejects.toMatchObject({ code: 'UNKNOWN' })
  expect(log.errors).toMatchObject([{ message: 'call failed', fields: { user: 'bob' } }])
})

it.each([
  ['nobody is known', new Requester(), new Requester()],
  ['it does not matter to who asks', undefined, new Requester()],
  ['it does not matter to who is asked', new Requester(), undefined],
])('a call is made for nobody where %s', async (_, onClient, onServer) => {
  const { known, list } = await served(onClient, onServer)
  await list()
  expect(known).toEqual([undefined])
})
