import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChunkedBody } from './chunked-body.ts'

describe('chunks', () => {
  it('are the same however they arrive', () => {
    const message = Buffer.from('5\r\nhello\r\n1;a="b"\r\n \r\n00A\r\n0123456789\r\n0\r\nX: y\r\n\r\nnext')
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: message.length })), (cuts) => {
        const body = new ChunkedBody()
        let content = ''
        let taken = 0
        const ends = [...cuts, message.length].sort((a, b) => a - b)
        for (const end of ends)
          if (!body.isComplete) taken += body.take(message.subarray(taken, end), (part) => (content += part.toString()))
        expect([content, body.trailers, body.isComplete]).toEqual(['hello 0123456789', ['X', 'y'], true])
        expect(message.subarray(taken).toString()).toBe('next')
      }),
    )
  })

  it.each([
    '\r\n',
    '5\n',
    'fffffffffffff\r\n',
    '+5\r\n',
    '5 5\r\n',
    '5\r\nhelloX',
    '0\r\nX : y\r\n\r\n',
    `5;${'x'.repeat(300)}`,
  ])('are refused: %j', (text) => {
    expect(() => new ChunkedBody().take(Buffer.from(`${text}\r\n`), () => undefined)).toThrow('malformed')
  })
})
