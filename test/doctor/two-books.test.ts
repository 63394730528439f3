import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Step } from '../../src/doctor/steps.ts'
import { openModelUpstream } from '../world/model-upstream.ts'
import { nextPrompt, requestBody, yesterdaysRequests, yesterdaysWork } from '../world/seat.ts'
import { openTwoBooks } from '../world/two-books-server.ts'
import { openDoctorWorld } from './doctor-world.ts'

/**
 * The story's service with two books refuses falsely. The person here knows nothing but what the doctor says:
 * opens the page that it names, copies it, and does the steps in their order until a prompt is answered.
 */
const boundMs = 60_000
const dayMs = 24 * 3_600_000

type Advice = { readonly verdict: string; readonly steps: readonly Step[] }

test('from a false refusal to the next answer by following only what the doctor says, within a minute', async () => {
  const startMs = Date.now()
  const model = await openModelUpstream()
  let nowMs = startMs - dayMs
  const service = await openTwoBooks({
    nowMs: () => nowMs,
    weekStartMs: startMs - 2 * dayMs,
    upstreamUrl: model.url,
  })
  using world = openDoctorWorld()
  try {
    const client = await openSmallClient(
      service.url,
      join(world.config, 'projects', '-home-ada-work'),
    )
    for (let sent = 0; sent < yesterdaysRequests; sent += 1)
      service.service.recordUsage(yesterdaysWork)
    nowMs = startMs
    service.service.renewAndLoseAnEvent()

    assert.equal(await client.send(), 400)
    const advise = async (args: readonly string[], input?: string): Promise<Advice> => {
      const environment = { ANTHROPIC_BASE_URL: service.url }
      const options = input === undefined ? { environment } : { environment, input }
      const { out } = await world.doctor(['doctor', '--json', ...args], options)
      return JSON.parse(out) as Advice
    }
    const first = await advise([])
    const pageUrl = first.steps[0]?.url ?? ''
    const second = await advise(['--paste'], await pageText(pageUrl))
    const done: string[] = []
    let status = 400
    for (const step of second.steps) {
      done.push(step.action)
      await follow(step)
      status = await client.send()
      if (status === 200) break
    }

    assert.equal(first.verdict, 'possibly_false')
    assert.equal(pageUrl, `${service.url}/usage`)
    assert.equal(second.verdict, 'false_refusal')
    assert.equal(status, 200, done.join('\n'))
    assert.match(done.at(-1) ?? '', /Switch extra usage off, save; switch it on/)
    assert.ok(Date.now() - startMs < boundMs)
    const after = await advise(['--after', '--paste'], await pageText(pageUrl))
    assert.equal(JSON.stringify(after).includes('"isNotable":true'), false, JSON.stringify(after))
  } finally {
    await service.close()
    await model.close()
  }
})

/** Writes what the real client writes when it is refused, and nothing else of it. */
async function openSmallClient(url: string, project: string) {
  mkdirSync(project, { recursive: true })
  const login = (await (await fetch(`${url}/login`, { method: 'POST' })).json()) as {
    token: string
  }
  const lines: object[] = []
  const write = (record: object): void => {
    lines.push({
      timestamp: new Date().toISOString(),
      sessionId: 's-1',
      version: '2.1.330',
      cwd: '/home/ada/work',
      ...record,
    })
    writeFileSync(
      join(project, 's-1.jsonl'),
      lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
    )
  }
  return {
    async send(): Promise<number> {
      write({ type: 'user', message: { role: 'user', content: nextPrompt.text } })
      const headers = { authorization: `Bearer ${login.token}` }
      const answer = await fetch(`${url}/v1/messages`, {
        method: 'POST',
        headers,
        body: requestBody(nextPrompt),
      })
      const body = (await answer.json()) as {
        error?: { message: string; type: string }
        request_id?: string
      }
      if (answer.ok)
        write({ type: 'assistant', message: { model: 'claude-opus-4-5', content: [] } })
      else {
        const text = `API Error: ${answer.status} ${body.error?.message}`
        write({
          type: 'assistant',
          message: { model: '<synthetic>', content: [{ type: 'text', text }] },
          isApiErrorMessage: true,
          apiErrorStatus: answer.status,
          apiErrorType: body.error?.type,
          requestId: body.request_id,
          error: 'unknown',
        })
      }
      return answer.status
    },
  }
}

/** What a person would copy from the page. */
async function pageText(url: string): Promise<string> {
  const page = await (await fetch(url)).text()
  return page.replaceAll(/<style>[\s\S]*?<\/style>/g, '').replaceAll(/<[^>]+>/g, '\n')
}

/** "Switch … off, save; switch it on, …, save": the switches of the page that the step names, in its order. */
async function follow({ action, url }: Step): Promise<void> {
  if (url === undefined) return
  const page = await (await fetch(url)).text()
  const form = /<form method="post" action="([^"]+)"/.exec(page)?.[1] ?? ''
  const field = /type="radio" name="([^"]+)"/.exec(page)?.[1] ?? ''
  for (const [, value = ''] of action.matchAll(/[Ss]witch (?:extra usage|it) (off|on)\b/g)) {
    const body = new URLSearchParams({ [field]: value }).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    await fetch(new URL(form, url), { method: 'POST', body, headers, redirect: 'manual' })
  }
}
