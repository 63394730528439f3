import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gatewayPage } from './ask-gateway.ts'
import { usagePageOf, usagePageUrl } from './links.ts'

const cases: readonly (readonly [string, string | undefined, string])[] = [
  ['Add more at claude.ai/settings/usage and keep going.', undefined, usagePageUrl],
  [
    'turn on usage credits at https://claude.ai/settings/usage?from=cc_cli_limit_message (now)',
    undefined,
    usagePageUrl,
  ],
  [
    'Add more at http://127.0.0.1:4001/usage and',
    'http://127.0.0.1:4001',
    'http://127.0.0.1:4001/usage',
  ],
  ['Add more at http://127.0.0.1:4001/usage and', undefined, usagePageUrl],
  ['Add more at https://claude.ai.evil.example/settings/usage', undefined, usagePageUrl],
  ['Add more at https://evilclaude.ai/settings/usage', undefined, usagePageUrl],
  ['Add more at http://claude.ai/settings/usage', undefined, usagePageUrl],
  ['Add more at https://claude.ai@evil.example/settings/usage', undefined, usagePageUrl],
  ['', 'not a url', usagePageUrl],
]
for (const [message, baseUrl, expected] of cases) {
  test(`"${message}" leads to ${expected}${baseUrl === undefined ? '' : `, with ${baseUrl} set`}`, () => {
    assert.equal(usagePageOf(message, baseUrl), expected)
  })
}

test('a key is shown only to this machine, or to the host that the client is set to', () => {
  const page = (url: string, baseUrl?: string): string | undefined =>
    gatewayPage(`What is left: ${url}\nDecision`, baseUrl)

  assert.equal(page('http://127.0.0.1:4181'), 'http://127.0.0.1:4181/')
  assert.equal(
    page('https://limits.example/page', 'https://limits.example'),
    'https://limits.example/page',
  )
  assert.equal(page('https://evil.example'), undefined)
  assert.equal(page('https://127.0.0.1.evil.example'), undefined)
  assert.equal(page('https://evil.example', 'https://limits.example'), undefined)
})
