import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { findRepeatedKey } from './repeated-key.ts'

test('a key that one object says twice is found, however it is written and wherever it stands', () => {
  const texts: readonly (readonly [string, string])[] = [
    ['{"a":1,"a":2}', 'a'],
    ['{ "a" : 1 , "b" : 2 , "a" : 3 }', 'a'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"deep":[{"x":1},{"y":{"z":1,"z":2}}]}', 'z'],
    ['[1,{"a":[],"a":[]}]', 'a'],
    ['{"a":{"b":1},"a":2}', 'a'],
    ['{"a":[1,2],"a":2}', 'a'],
    ['{"":1,"":2}', ''],
    ['{"q\\"":1,"q\\"":2}', 'q"'],
    ['{"a":"}","a":"{"}', 'a'],
    ['{"a,b":1,"a,b":2}', 'a,b'],
    ['{"a":"\\\\","a":1}', 'a'],
  ]
  for (const [text, key] of texts) assert.equal(findRepeatedKey(text), key, text)
})

test('the same word as a value, in a list, or as a key of another object is no repeated key', () => {
  const texts = [
    '{"a":"a"}',
    '{"a":"b","b":"a"}',
    '["a","a"]',
    '{"a":["a","a"]}',
    '{"a":{"a":1}}',
    '{"x":{"a":1},"y":{"a":1}}',
    '[{"a":1},{"a":1}]',
    '{"a":"\\"a\\":1,\\"a\\":"}',
    '{"a":"{\\"a\\":1"}',
    '{"a":1,"A":2}',
    '[["a"],"a","a"]',
    '{"a":[{"b":1}],"b":2}',
    '"a"',
    '{}',
    '12',
  ]
  for (const text of texts) assert.equal(findRepeatedKey(text), undefined, text)
})

test('a text that is no JSON is left to its parser, and breaks nothing here', () => {
  for (const text of ['', ',', ':', '{,}', '{:}', '{"a":1,,}', '{"a"', '}}', '[,:]', '{"a":1,:}']) {
    assert.equal(findRepeatedKey(text), undefined, text)
  }
})

test('no text that is written from a value has a repeated key', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      assert.equal(findRepeatedKey(text), undefined)
    }),
  )
})

test('a key that is said once more, anywhere in an object, is found', () => {
  const objects = fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1, maxKeys: 6 })
  fc.assert(
    fc.property(objects, fc.nat(), (object, nth) => {
      const keys = Object.keys(object)
      const key = keys[nth % keys.length] ?? ''
      const members = [...Object.entries(object), [key, null] as const].map(
        ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`,
      )
      assert.equal(findRepeatedKey(`{${members.join()}}`), key)
    }),
  )
})
