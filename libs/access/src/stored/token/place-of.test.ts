import { describe, expect, it } from 'vitest'
import { placeOf } from './place-of.ts'

describe('where a URL leads', () => {
  it.each([
    ['https://t.example/jwks', 'https://t.example/jwks'],
    ['https://bob:hunter2@t.example:8443/a/b?key=s3cret#s3cret', 'https://t.example:8443/a/b'],
    ['http://[2001:db8::1]:80/', 'http://[2001:db8::1]/'],
    ['bob:hunter2@t.example', 'what is no URL of HTTP'],
    ['//hunter2', 'what is no URL of HTTP'],
  ])('is told without secrets: %s', (url, place) => {
    expect(placeOf(url)).toBe(place)
  })
})
