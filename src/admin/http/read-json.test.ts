import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readJson } from './read-json.ts'

const read = (text: string): unknown => readJson(new TextEncoder().encode(text))

test('a JSON body is read as it is', () => {
  const text = '{"a":[{"b":"x,\\"}"},{"b":2}],"c":{"a":{}},"d":[1,"a","a"]}'

  assert.deepEqual(read(text), JSON.parse(text))
})

test('a key that stands twice in one object is refused, wherever and however it is written', () => {
  const bodies = [
    '{"amountNanos":"1","amountNanos":"2"}',
    '{"amountNanos":"1","amount\\u004eanos":"2"}',
    '{"cap":[{},{"kind":"a", "x":[{"y":1}], "kind" : "b"}]}',
  ]

  for (const body of bodies) {
    assert.throws(() => read(body), { code: 'invalid_json', message: /stands twice/ })
  }
})

test('malformed JSON and bytes that are not UTF-8 are refused', () => {
  for (const body of ['', '{', '{"a":1,}', "{'a':1}", '{"a":01}', 'NaN']) {
    assert.throws(() => read(body), { code: 'invalid_json' }, body)
  }
  assert.throws(() => readJson(Uint8Array.of(0x22, 0xff, 0x22)), { code: 'invalid_json' })
})
