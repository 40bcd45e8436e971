import { createServer, type Socket } from 'node:net'
import { once } from 'node:events'
import { connect } from 'node:net'
import { Writable } from 'node:stream'
import { expect, it } from 'vitest'
import { streamOf } from '@berth/bytes'
import type { DirectoryKeepingDriver, SendingDriver, SendPiece } from '../contract/abilities.ts'
import type { StorageDriver } from '../contract/storage-driver.ts'
import { at, bytes, entriesOf, type OpenDriver, patterned, textAt, useDriver } from './subject.ts'

const mebibyte = 1024 * 1024

export function describeSending(open: OpenDriver<StorageDriver & SendingDriver>): void {
  const driver = useDriver(open)

  it.each([
    [0, 0],
    [0, 1],
    [17, 70_000],
    [0, 5 * mebibyte + 3],
    [mebibyte - 1, 4 * mebibyte + 1],
    [5 * mebibyte + 3, 5 * mebibyte + 3],
  ])('sends bytes %i to %i of 5 MiB and 3 bytes over a socket', async (start, end) => {
    const content = patterned(5 * mebibyte + 3)
    await driver().put(at('/file'), content)
    const received = await receiveAll(async (socket) => {
      await driver().sendTo(at('/file'), { start, end }, socket)
    })
    expect(content.subarray(start, end).equals(received)).toBe(true)
  })

  it('does not end the target', async () => {
    await driver().put(at('/file'), bytes('content'))
    const received = await receiveAll(async (socket) => {
      await driver().sendTo(at('/file'), { start: 0, end: 4 }, socket)
      socket.write('|')
      await driver().sendTo(at('/file'), { start: 4, end: 7 }, socket)
    })
    expect(received.toString()).toBe('cont|ent')
  })

  it('sends to many targets at once, each its own range', async () => {
    const content = patterned(2 * mebibyte)
    await driver().put(at('/file'), content)
    const sends = Array.from({ length: 16 }, async (_, index) => {
      const range = { start: index * 1_000, end: 2 * mebibyte - index }
      const received = await receiveAll((socket) => driver().sendTo(at('/file'), range, socket))
      return content.subarray(range.start, range.end).equals(received)
    })
    expect((await Promise.all(sends)).filter(Boolean)).toHaveLength(16)
  })

  it('sends one whole version of what is replaced meanwhile', async () => {
    const before = patterned(8 * mebibyte, 1)
    await driver().put(at('/file'), before)
    const received: Buffer[] = []
    const target = new Writable({
      highWaterMark: 1,
      write(chunk: Buffer, _encoding, done) {
        received.push(Buffer.from(chunk))
        if (received.length > 1) done()
        else
          driver()
            .put(at('/file'), patterned(mebibyte, 2))
            .then(() => done(), done)
      },
    })
    await driver().sendTo(at('/file'), { start: 0, end: before.byteLength }, target)
    expect(before.equals(Buffer.concat(received))).toBe(true)
  })

  it.each([
    ['PATH_NOT_FOUND', '/nothing', { start: 0, end: 1 }],
    ['PATH_NOT_FOUND', '/dir', { start: 0, end: 1 }],
    ['INVALID_RANGE', '/dir/file', { start: 0, end: 8 }],
    ['INVALID_RANGE', '/dir/file', { start: 8, end: 8 }],
    ['INVALID_RANGE', '/dir/file', { start: 2, end: 1 }],
    ['INVALID_RANGE', '/dir/file', { start: -1, end: 1 }],
    ['INVALID_RANGE', '/dir/file', { start: 0, end: 10 * mebibyte }],
    ['INVALID_PATH', '/../dir', { start: 0, end: 1 }],
  ])('fails with %s for %s %j before anything is sent', async (code, path, range) => {
    await driver().put(at('/dir/file'), bytes('content'))
    const received = await receiveAll(async (socket) => {
      await expect(driver().sendTo(at(path), range, socket)).rejects.toMatchObject({ code })
    })
    expect(received).toHaveLength(0)
  })

  const piecesOf = (ranges: readonly (readonly [number, number])[]): SendPiece[] => [
    ...ranges.flatMap(([start, end], index) => [bytes(`|${index}|`), { start, end }]),
    bytes('|end|'),
  ]
  const expectedOf = (content: Buffer, pieces: readonly SendPiece[]): Buffer =>
    Buffer.concat(
      pieces.map((piece) => (piece instanceof Uint8Array ? piece : content.subarray(piece.start, piece.end))),
    )

  it.each<readonly [string, readonly (readonly [number, number])[]]>([
    ['one byte', [[7, 8]]],
    [
      'ranges that ascend',
      [
        [0, 1],
        [1, 20_000],
        [20_001, 20_002],
        [2 * mebibyte, 3 * mebibyte],
      ],
    ],
    [
      'ranges that descend',
      [
        [2 * mebibyte, 3 * mebibyte],
        [5, 6],
        [0, 5],
      ],
    ],
    [
      'ranges that overlap',
      [
        [0, 100_000],
        [5, 6],
        [50_000, 150_000],
      ],
    ],
    [
      'the last bytes',
      [
        [5 * mebibyte, 5 * mebibyte + 3],
        [5 * mebibyte + 2, 5 * mebibyte + 3],
      ],
    ],
    ['1024 ranges far from each other', Array.from({ length: 1024 }, (_, at) => [at * 5_000, at * 5_000 + 1])],
    ['1024 ranges next to each other', Array.from({ length: 1024 }, (_, at) => [at * 5_000, at * 5_000 + 5_000])],
  ])('sends %s of one content, with bytes between them', async (_name, ranges) => {
    const content = patterned(5 * mebibyte + 3)
    await driver().put(at('/file'), content)
    const pieces = piecesOf(ranges)
    const received = await receiveAll((socket) => driver().sendPieces(at('/file'), pieces, socket))
    expect(expectedOf(content, pieces).equals(received)).toBe(true)
  })

  it.each([
    ['PATH_NOT_FOUND', '/nothing', [0, 1]],
    ['PATH_NOT_FOUND', '/dir', [0, 1]],
    ['INVALID_RANGE', '/dir/file', [0, 8]],
    ['INVALID_PATH', '/../dir', [0, 1]],
  ] as const)(
    'fails with %s for the last of several ranges of %s before anything is sent',
    async (code, path, last) => {
      await driver().put(at('/dir/file'), bytes('content'))
      const received = await receiveAll(async (socket) => {
        const sending = driver().sendPieces(at(path), piecesOf([[0, 1], [4, 5], last]), socket)
        await expect(sending).rejects.toMatchObject({ code })
      })
      expect(received).toHaveLength(0)
    },
  )

  it.each([10, 4 * mebibyte])('fails with the error of the target, in ranges of %i bytes', async (length) => {
    await driver().put(at('/file'), patterned(8 * mebibyte))
    const error = new Error('no more')
    const target = new Writable({ write: (_chunk, _encoding, done) => done(error) })
    target.on('error', () => {})
    const pieces = piecesOf([
      [0, length],
      [length, 2 * length],
    ])
    await expect(driver().sendPieces(at('/file'), pieces, target)).rejects.toBe(error)
  })

  it.each([10, 4 * mebibyte])('stops in ranges of %i bytes when the signal is aborted', async (length) => {
    await driver().put(at('/file'), patterned(8 * mebibyte))
    const reason = new Error('gone')
    const controller = new AbortController()
    const target = new Writable({ write: () => controller.abort(reason) })
    const pieces = piecesOf([
      [0, length],
      [length, 2 * length],
    ])
    const sending = driver().sendPieces(at('/file'), pieces, target, controller.signal)
    await expect(sending).rejects.toBe(reason)
  })

  it('fails when the target goes away, and not before', async () => {
    await driver().put(at('/file'), patterned(16 * mebibyte))
    const server = createServer((socket) => {
      socket.once('data', () => socket.resetAndDestroy())
    }).listen(0, '127.0.0.1')
    const socket = await connectTo(server)
    socket.on('error', () => {})
    await expect(driver().sendTo(at('/file'), { start: 0, end: 16 * mebibyte }, socket)).rejects.toBeInstanceOf(Error)
    server.close()
  })

  it('fails on a target that is closed already', async () => {
    await driver().put(at('/file'), patterned(mebibyte))
    const target = new Writable({ write: (_chunk, _encoding, done) => done() })
    target.destroy()
    await once(target, 'close')
    await expect(driver().sendTo(at('/file'), { start: 0, end: mebibyte }, target)).rejects.toBeInstanceOf(Error)
  })

  it('fails with the error of the target', async () => {
    await driver().put(at('/file'), patterned(mebibyte))
    const error = new Error('no more')
    const target = new Writable({ write: (_chunk, _encoding, done) => done(error) })
    target.on('error', () => {})
    await expect(driver().sendTo(at('/file'), { start: 0, end: mebibyte }, target)).rejects.toBe(error)
  })

  it('goes on for others while the targets of one share take nothing', async () => {
    const content = patterned(4 * mebibyte)
    const range = { start: 0, end: content.byteLength }
    await driver().put(at('/file'), content)
    const controller = new AbortController()
    const reason = new Error('gone')
    const slow = Array.from({ length: 100 }, () =>
      driver().sendTo(at('/file'), range, new Writable({ write: () => {} }), controller.signal, 'slow'),
    )
    const received = await receiveAll((socket) => driver().sendTo(at('/file'), range, socket, undefined, 'fast'))
    expect(content.equals(received)).toBe(true)
    await driver().put(at('/other'), streamOf(content), { share: 'fast' })
    const again = await receiveAll((socket) => driver().sendPieces(at('/other'), [range], socket, undefined, 'fast'))
    expect(content.equals(again)).toBe(true)
    controller.abort(reason)
    const outcomes = await Promise.allSettled(slow)
    expect(outcomes.every((each) => each.status === 'rejected' && each.reason === reason)).toBe(true)
  })

  it('stops when the signal is aborted, even while the target takes nothing', async () => {
    await driver().put(at('/file'), patterned(4 * mebibyte))
    const reason = new Error('gone')
    const controller = new AbortController()
    const target = new Writable({ write: () => controller.abort(reason) })
    const send = driver().sendTo(at('/file'), { start: 0, end: 4 * mebibyte }, target, controller.signal)
    await expect(send).rejects.toBe(reason)
  })
}

export function describeDirectories(open: OpenDriver<StorageDriver & DirectoryKeepingDriver>): void {
  const driver = useDriver(open)

  it('makes a directory, with those above it', async () => {
    await driver().makeDirectory(at('/a/b/c'))
    expect(await driver().stat(at('/a/b/c'))).toMatchObject({ isDirectory: true })
    expect(await entriesOf(driver(), '/a/b/c')).toEqual([])
    expect(await entriesOf(driver(), '/a/b')).toEqual([{ name: 'c', isDirectory: true }])
  })

  it('leaves a directory that is there as it is', async () => {
    await driver().put(at('/a/file'), bytes('x'))
    await driver().makeDirectory(at('/a'))
    expect(await textAt(driver(), '/a/file')).toBe('x')
  })

  it('makes no record in a directory that has content already', async () => {
    const record = at('/uploads/one/checkpoint')
    await driver().put(at('/uploads/one/startedat'), bytes('now'))
    await expect(driver().swap(record, undefined, bytes('one'))).rejects.toMatchObject({ code: 'VERSION_MISMATCH' })
    await expect(driver().readVersioned(record)).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
    expect(await textAt(driver(), '/uploads/one/startedat')).toBe('now')
  })

  it('makes no record in the root, which is always there', async () => {
    const swap = driver().swap(at('/checkpoint'), undefined, bytes('one'))
    await expect(swap).rejects.toMatchObject({ code: 'VERSION_MISMATCH' })
  })

  it('appends nowhere but in an area that is there, and makes none', async () => {
    for (const content of [streamOf(bytes('abc')), streamOf()]) {
      await expect(driver().append(at('/uploads/one'), [], content)).rejects.toMatchObject({
        code: 'PATH_NOT_FOUND',
        path: '/uploads/one',
        driver: driver().name,
      })
    }
    await expect(driver().stat(at('/uploads'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
  })

  it('fails an append that was under way when the area was aborted, and makes none', async () => {
    await driver().swap(at('/uploads/one/checkpoint'), undefined, bytes('{}'))
    const begun = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    const appending = driver().append(
      at('/uploads/one'),
      [],
      (async function* () {
        begun.resolve()
        yield patterned(mebibyte)
        await gate.promise
        yield patterned(mebibyte)
      })(),
    )
    await begun.promise
    await driver().abort(at('/uploads/one'))
    gate.resolve()
    await expect(appending).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
    await expect(driver().stat(at('/uploads/one'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
  })

  it('makes a directory of which several are made at once', async () => {
    await Promise.all(['/a/b', '/a/b', '/a/c', '/a/b/d'].map((path) => driver().makeDirectory(at(path))))
    expect((await entriesOf(driver(), '/a')).map(({ name }) => name)).toEqual(['b', 'c'])
  })
}

/** What comes out of the other end of a socket that `send` is given. */
async function receiveAll(send: (socket: Socket) => Promise<void>): Promise<Buffer> {
  const received = Promise.withResolvers<Buffer>()
  const server = createServer((socket) => {
    socket.toArray().then((chunks: Buffer[]) => received.resolve(Buffer.concat(chunks)), received.reject)
  }).listen(0, '127.0.0.1')
  const socket = await connectTo(server)
  try {
    await send(socket)
    socket.end()
    return await received.promise
  } finally {
    socket.destroy()
    server.close()
  }
}

async function connectTo(server: ReturnType<typeof createServer>): Promise<Socket> {
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  const socket = connect(address.port, '127.0.0.1')
  await once(socket, 'connect')
  return socket
}
