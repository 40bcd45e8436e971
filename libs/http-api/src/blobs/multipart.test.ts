import { digestOf } from '@berth/digest'
import { describe, expect, it } from 'vitest'
import { multipartBody } from './multipart.ts'

const content = Buffer.from('hello world')

describe('multipartBody', () => {
  it('lays out each range after its own header, between boundaries', () => {
    const digest = digestOf(content)
    const boundary = digest.slice('sha256:'.length)
    const ranges = [
      { start: 0, end: 2 },
      { start: 6, end: 11 },
    ]

    const body = multipartBody(digest, content.length, 'application/octet-stream', ranges)

    expect(body.contentType).toBe(`multipart/byteranges; boundary=${boundary}`)
    const text = body.parts.map(
      ({ head, range }) => `${head.toString()}${content.toString('latin1', range.start, range.end)}`,
    )
    expect(text.join('') + body.tail.toString()).toBe(
      [
        `--${boundary}`,
        'Content-Type: application/octet-stream',
        'Content-Range: bytes 0-1/11',
        '',
        'he',
        `--${boundary}`,
        'Content-Type: application/octet-stream',
        'Content-Range: bytes 6-10/11',
        '',
        'world',
        `--${boundary}--`,
        '',
      ].join('\r\n'),
    )
    expect(body.contentLength).toBe(text.join('').length + body.tail.length)
  })

  it('has a boundary that is not too long, whatever the algorithm', () => {
    const { contentType } = multipartBody(digestOf(content, 'sha512'), 11, 'application/octet-stream', [])
    expect(contentType).toMatch(/^multipart\/byteranges; boundary=[0-9a-f]{64}$/)
  })
})
