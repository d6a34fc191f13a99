import { expect, test } from 'vitest'
import { categoryOf } from './content-category.ts'

test.each([
  ['text/html; charset=utf-8', 'app'],
  ['application/json', 'app'],
  ['Application/JSON', 'app'],
  ['application/grpc', 'app'],
  ['text/xml', 'app'],
  ['application/xml', 'app'],
  ['text/plain', 'app'],
  ['text/css', 'css'],
  ['text/javascript', 'js'],
  ['font/woff2', 'font'],
  ['image/png', 'image'],
  ['audio/ogg', 'media'],
  ['video/mp4', 'media'],
  ['application/octet-stream', 'other'],
  ['audio', 'other'],
  ['constructor', 'other'],
  ['', 'other'],
  [undefined, 'other'],
])('%j is of the category %s', (type, category) => {
  expect(categoryOf(type)).toBe(category)
})
