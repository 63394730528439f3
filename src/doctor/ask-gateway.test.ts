import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { askGateway, gatewayPage } from './ask-gateway.ts'

test('a page below a path of a proxy is asked below that path', async (t) => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.end('{"isConfirmed":true,"verdict":"it was right"}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const named = `Your session limit is reached. What is left: http://127.0.0.1:${port}/plimsoll/`

  const pageUrl = gatewayPage(named, undefined) ?? ''
  const line = await askGateway({ pageUrl, decisionId: 'de_1/2', key: 'plim_x', nowMs: 1 })

  assert.deepEqual(asked, ['/plimsoll/api/me/decisions/de_1%2F2'])
  assert.deepEqual([line.side, line.text], ['for', 'it proved the refusal anew: it was right'])
})

test('a page is asked on this machine and on the host that the client is set to, and nowhere else', () => {
  const at = (page: string, baseUrl?: string) => gatewayPage(`What is left: ${page}`, baseUrl)

  assert.equal(at('http://localhost:4181'), 'http://localhost:4181/')
  assert.equal(
    at('https://llm.example/desk/?a#b', 'https://llm.example/v1'),
    'https://llm.example/desk/',
  )
  assert.equal(at('https://evil.example/desk', 'https://llm.example'), undefined)
})
