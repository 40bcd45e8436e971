import { describe, expect, it } from 'vitest'
import { count, formatCounts, operationOf, totalOf } from './operation.ts'

const copy = { 'x-amz-copy-source': '/b/other' }

describe('operationOf', () => {
  it.each([
    ['GET', '/b/docker/data', {}, 'GET'],
    ['GET', '/b/docker/data?x-id=GetObject', {}, 'GET'],
    ['GET', '/b?list-type=2&prefix=docker%2F', {}, 'LIST'],
    ['GET', '/b/?prefix=docker', {}, 'LIST'],
    ['GET', '/b/?uploads&prefix=docker', {}, 'multipart'],
    ['GET', '/b/docker/data?uploadId=1', {}, 'multipart'],
    ['HEAD', '/b/docker/data', {}, 'HEAD'],
    ['HEAD', '/b', {}, 'HEAD'],
    ['PUT', '/b/docker/data', {}, 'PUT'],
    ['PUT', '/b/docker/data', copy, 'COPY'],
    ['PUT', '/b/docker/data?partNumber=1&uploadId=1', {}, 'part'],
    ['PUT', '/b/docker/data?partNumber=1&uploadId=1', copy, 'COPY'],
    ['POST', '/b/docker/data?uploads', {}, 'multipart'],
    ['POST', '/b/docker/data?uploadId=1', {}, 'multipart'],
    ['DELETE', '/b/docker/data?uploadId=1', {}, 'multipart'],
    ['DELETE', '/b/docker/data', {}, 'DELETE'],
    ['POST', '/b/?delete', {}, 'DELETE'],
  ] as const)('%s %s (%j) is %s', (method, url, headers, operation) => {
    expect(operationOf(method, url, headers)).toBe(operation)
  })

  it('refuses what no store is asked', () => {
    expect(() => operationOf('PATCH', '/b/docker/data', {})).toThrow('PATCH')
  })
})

describe('counts', () => {
  const counts = count(['PUT', 'HEAD', 'HEAD', 'LIST'])

  it('are told in one order, with their sum', () => {
    expect(formatCounts(counts)).toBe('2 HEAD, 1 LIST, 1 PUT')
    expect(totalOf(counts)).toBe(4)
  })

  it('of nothing are nothing', () => {
    expect(formatCounts(count([]))).toBe('')
    expect(totalOf(count([]))).toBe(0)
  })
})
