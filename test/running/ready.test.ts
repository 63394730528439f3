import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { folderFor, startFor } from './server-process.ts'

type Probed = { readonly status: number; readonly body: unknown }

async function probe(url: string): Promise<Probed> {
  const response = await fetch(`${url}/readyz`)
  return { status: response.status, body: await response.json() }
}

test('D12: while the disk takes no commits readiness says so on both ports, and it is back by itself', async (t) => {
  const folder = folderFor(t, 'ready')
  const server = await startFor(t, { folder })
  const other = new DatabaseSync(join(folder, 'journal.db'), { timeout: 10_000 })
  t.after(() => other.close())
  other.exec('BEGIN IMMEDIATE')
  const asked = fetch(`${server.gatewayUrl}/v1/messages`, {
    method: 'POST',
    headers: { 'x-api-key': server.demoKey, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'claude-haiku-4-5',
      max_tokens: 50,
      messages: [{ role: 'user', content: 'demo-output-tokens: 3' }],
    }),
  })
  // The request's hold waits for the disk, and whatever comes after it does, too.
  while ((await probe(server.gatewayUrl)).status === 200) await new Promise(setImmediate)

  const away = { status: 503, body: { status: 'not_ready', reason: 'journal_away' } }
  assert.deepEqual(await probe(server.adminUrl), away)
  other.exec('ROLLBACK')

  const response = await asked
  await response.arrayBuffer()
  assert.ok(response.status === 200 || response.status === 503, 'never "out"')
  while ((await probe(server.gatewayUrl)).status !== 200) await new Promise(setImmediate)
})

test('probes need no key and no known host name, and say nothing but their word', async (t) => {
  const server = await startFor(t, { folder: folderFor(t, 'ready') })
  for (const url of [server.gatewayUrl, server.adminUrl]) {
    for (const path of ['/healthz', '/readyz']) {
      const { status, text } = await getAs('a-pod.example', url + path)
      assert.equal(status, 200)
      assert.match(text, /^\{"status":"(live|ready)"\}\n?$/)
    }
    const { status } = await getAs('a-pod.example', `${url}/readyz/more`)
    assert.ok(status === 404 || status === 421)
  }
})

/** A request under a Host of its own, which `fetch` does not let anybody choose. */
function getAs(
  host: string,
  url: string,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { headers: { host } }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    request.once('error', reject)
    request.end()
  })
}
