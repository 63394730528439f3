import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { request } from 'node:http'
import { test, type TestContext } from 'node:test'
import { Stage } from './stage.ts'
import { openStageServer } from './stage-server.ts'

type Answer = { readonly status: number; readonly policy: string; readonly body: string }
type Ask = {
  readonly method?: string
  readonly path?: string
  readonly headers?: Record<string, string>
}

async function openServer(t: TestContext): Promise<(ask: Ask) => Promise<Answer>> {
  const server = await openStageServer(new Stage())
  t.after(() => server.close())
  return ({ method = 'GET', path = '/', headers = {} }) =>
    new Promise((resolve, reject) => {
      const asked = request(`${server.url}${path}`, { method, headers }, (response) => {
        let body = ''
        response.on('data', (chunk: Buffer) => {
          body += chunk.toString('utf8')
          if (path === '/events') done()
        })
        response.on('end', () => done())
        const done = (): void => {
          const policy = String(response.headers['content-security-policy'])
          resolve({ status: response.statusCode ?? 0, policy, body })
          response.destroy()
        }
      })
      asked.once('error', reject)
      asked.end()
    })
}

test('the page asks nothing of anybody else, and only its own style and script run', async (t) => {
  const ask = await openServer(t)

  const { status, policy, body } = await ask({})

  assert.equal(status, 200)
  assert.doesNotMatch(body, /https?:\/\//)
  assert.doesNotMatch(body, /\{\{/)
  for (const element of ['style', 'script']) {
    const content = new RegExp(`<${element}[^>]*>([\\s\\S]*?)</${element}>`).exec(body)?.[1] ?? ''
    const hash = createHash('sha256').update(content).digest('base64')
    assert.ok(policy.includes(`${element}-src 'sha256-${hash}'`), element)
  }
  assert.match(policy, /^default-src 'none'/)
  assert.match(body, /a plausible model of what users reported; the vendor has published no cause/)
})

test('the state is there as soon as a page listens', async (t) => {
  const ask = await openServer(t)

  const { body } = await ask({ path: '/events' })

  const state = JSON.parse(body.replace(/^data: /, '')) as { scenes: unknown; visitor: unknown }
  assert.deepEqual(state.scenes, [])
  assert.equal(state.visitor, null)
})

test('other origins and other host names press no button and read no page', async (t) => {
  const ask = await openServer(t)

  const rebound = await ask({ headers: { host: 'story.example' } })
  const foreign = await ask({
    method: 'POST',
    path: '/act/one-book/save-off',
    headers: { origin: 'https://elsewhere.example' },
  })

  assert.equal(rebound.status, 403)
  assert.equal(foreign.status, 403)
})

test('a button that does not exist is not found', async (t) => {
  const ask = await openServer(t)

  for (const path of ['/act/two-books/erase', '/act/three-books/send', '/act', '/nothing']) {
    assert.equal((await ask({ method: 'POST', path })).status, 404, path)
  }
})
