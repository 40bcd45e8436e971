import { describe, expect, it } from 'vitest'
import { headerOf, ResponseReader, type Response } from './response-reader.ts'

const sized = 'HTTP/1.1 200 OK\r\nX-Other: 1\r\nContent-Length: 5\r\nLocation: /a\r\n\r\nhello'
const chunked =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1a;x=y\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n'
const empty = 'HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n'

/** What comes of the text when it arrives in pieces of so many bytes. */
function readInPieces(text: string, size: number, bodiless = false): (Response | undefined)[] {
  const reader = new ResponseReader()
  const pieces = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
  return pieces.map((piece) => reader.read(Buffer.from(piece, 'latin1'), bodiless))
}

describe('ResponseReader', () => {
  it.each([
    { what: 'of announced size', text: sized, bodyBytes: 5 },
    { what: 'in chunks', text: chunked, bodyBytes: 31 },
    { what: 'that is empty', text: empty, bodyBytes: 0 },
  ])('reads a body $what, however it is cut up', ({ text, bodyBytes }) => {
    for (let size = 1; size <= text.length; size += 1) {
      const read = readInPieces(text, size)
      expect(read.slice(0, -1).every((response) => response === undefined)).toBe(true)
      expect(read.at(-1)).toMatchObject({ bodyBytes })
    }
  })

  it('expects no body after a HEAD, whatever is announced', () => {
    expect(readInPieces(sized.slice(0, -5), 1000, true)).toMatchObject([{ status: 200, bodyBytes: 0 }])
  })

  it('reads one response after another', () => {
    const reader = new ResponseReader()
    expect(reader.read(Buffer.from(empty), false)).toMatchObject({ status: 202 })
    expect(reader.read(Buffer.from(sized), false)).toMatchObject({ status: 200, bodyBytes: 5 })
  })

  it('refuses a response that is longer than it says', () => {
    expect(() => readInPieces(`${sized}!`, 1000)).toThrow('more came than the response had announced')
  })
})

describe('headerOf', () => {
  it('finds a header in any case', () => {
    const [response] = readInPieces(sized, 1000)
    expect(response && headerOf(response, 'location')).toBe('/a')
  })
})
