import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { chromiumBinary } from '../test/e2e/available.ts'
import {
  answerStop,
  goToStop,
  memberStops,
  operatorStops,
  strangerStops,
  type Stop,
} from '../test/e2e/console-tour.ts'

/**
 * Takes the pictures of the docs from the running product, on the demo world of a first start:
 *
 *   npm run pictures                  every page, in light, dark and on a phone, into docs/pictures/console/
 *   npm run pictures -- usage         the pages of that name only
 *   npm run pictures -- --to FOLDER   somewhere else, to look before they are kept
 */
const root = join(import.meta.dirname, '..')
const seat = { customerId: 'northwind-robotics', memberId: 'nw-lena' }
/** Has nothing left of her session. */
const refusedSeat = { customerId: 'northwind-robotics', memberId: 'nw-sofia' }
const password = 'kettle willow orbit 7'

const looks: Readonly<Record<string, BrowserContextOptions>> = {
  light: { colorScheme: 'light', viewport: { width: 1280, height: 860 } },
  dark: { colorScheme: 'dark', viewport: { width: 1280, height: 860 } },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 844 }, hasTouch: true },
}
const heightMax = 2000

type Server = {
  readonly child: ChildProcess
  readonly gatewayUrl: string
  readonly url: string
  readonly token: string
}

async function startServer(folder: string): Promise<Server> {
  const flags = ['--data-folder', folder, '--gateway-port', '0', '--admin-port', '0']
  const child = spawn(process.execPath, [join(root, 'src', 'main.ts'), ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  for await (const chunk of child.stdout) {
    text += String(chunk)
    if (text.includes('Stop with Ctrl-C')) break
  }
  // Whatever it says later is not read, and must not stop it.
  child.stdout.resume()
  const { gatewayUrl, adminUrl } = JSON.parse(
    readFileSync(join(folder, 'server.json'), 'utf8'),
  ) as { gatewayUrl: string; adminUrl: string }
  const token = readFileSync(join(folder, 'operator-token'), 'utf8').trim()
  return { child, gatewayUrl, url: adminUrl, token }
}

async function command(server: Server, path: string, body: unknown): Promise<unknown> {
  const response = await fetch(`${server.url}/api/${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'idempotency-key': crypto.randomUUID(),
      authorization: `Bearer ${server.token}`,
    },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return response.json()
}

/** Has a member refused who forbids extra usage; answers with the decision. */
async function refuse(server: Server): Promise<string> {
  const { customerId, memberId } = refusedSeat
  const keys = `customers/${customerId}/members/${memberId}/keys`
  const { keyText } = (await command(server, keys, {})) as { keyText: string }
  const triesMax = 20
  for (let tries = 0; tries < triesMax; tries += 1) {
    const answered = await fetch(`${server.gatewayUrl}/v1/messages`, {
      method: 'POST',
      headers: {
        'x-api-key': keyText,
        'content-type': 'application/json',
        'anthropic-version': '2023-06-01',
        'x-plimsoll-extra-usage': 'never',
      },
      body: JSON.stringify({
        model: 'claude-sonnet-5-5',
        max_tokens: 8000,
        messages: [{ role: 'user', content: 'demo-output-tokens: 4000' }],
      }),
    })
    await answered.arrayBuffer()
    if (answered.status === 429) return answered.headers.get('x-plimsoll-decision') ?? ''
  }
  throw new Error('Nobody was refused')
}

/** An account made as people make one; answers with its session's cookie. */
async function signIn(
  server: Server,
  email: string,
  standing: Readonly<Record<string, string>>,
): Promise<{ readonly name: string; readonly value: string }> {
  const name = email.split('@')[0] ?? ''
  const invited = await command(server, 'people', { email, name, ...standing })
  const { link } = invited as { link: { code: string } }
  const used = await fetch(`${server.url}/api/session/link/password`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code: link.code, password }),
  })
  const [cookieName = '', value = ''] = (used.headers.getSetCookie()[0] ?? '').split(/[=;]/)
  return { name: cookieName, value }
}

async function take(browser: Browser, server: Server, wanted: readonly string[]): Promise<void> {
  const decisionId = await refuse(server)
  const tours = [
    { stops: strangerStops, cookie: null },
    {
      stops: [answerStop],
      cookie: await signIn(server, 'sofia@example.com', { role: 'member', ...refusedSeat }),
    },
    {
      stops: memberStops,
      cookie: await signIn(server, 'lena@example.com', { role: 'member', ...seat }),
    },
    {
      stops: operatorStops,
      cookie: await signIn(server, 'operator@example.com', { role: 'operator' }),
    },
  ]
  for (const [look, options] of Object.entries(looks)) {
    for (const { stops, cookie } of tours) {
      const window = await browser.newContext({
        timezoneId: 'Europe/Berlin',
        locale: 'en-US',
        ...options,
      })
      if (cookie !== null) await window.addCookies([{ ...cookie, url: server.url }])
      const page = await window.newPage()
      const chosen = stops.filter(({ name }) => wanted.length === 0 || wanted.includes(name))
      for (const stop of chosen) {
        await takePage(page, { stop, look, url: server.url, decisionId })
      }
      await window.close()
    }
  }
}

type Shot = {
  readonly stop: Stop
  readonly look: string
  readonly url: string
  readonly decisionId: string
}

async function takePage(page: Page, { stop, look, url, decisionId }: Shot): Promise<void> {
  const hash = stop.hash
    .replace(':customer', seat.customerId)
    .replace(':member', seat.memberId)
    .replace(':decision', decisionId)
  if (!page.url().startsWith(url)) await page.goto(`${url}/`)
  await goToStop(page, stop, hash)
  await page.waitForLoadState('networkidle', { timeout: 3000 }).catch(() => undefined)
  // The whole page in one window: what sticks to the window's edges then ends where the page does.
  const { width = 0, height = 0 } = page.viewportSize() ?? {}
  const whole = await page.evaluate<number>('document.documentElement.scrollHeight')
  await page.setViewportSize({ width, height: Math.min(heightMax, Math.max(height, whole)) })
  const path = join(target, `${stop.name}-${look}.webp`)
  writeFileSync(path, await smaller(page, await page.screenshot({ animations: 'disabled' })))
  await page.setViewportSize({ width, height })
  console.log(path)
}

/** The picture as WebP, a quarter of the size; the browser knows how. */
async function smaller(page: Page, picture: Buffer): Promise<Buffer> {
  const window = await page.context().newPage()
  const url = await window.evaluate<string>(`(async () => {
    const image = new Image()
    image.src = 'data:image/png;base64,${picture.toString('base64')}'
    await image.decode()
    const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height })
    canvas.getContext('2d').drawImage(image, 0, 0)
    return canvas.toDataURL('image/webp', 0.85)
  })()`)
  await window.close()
  return Buffer.from(url.split(',')[1] ?? '', 'base64')
}

const words = process.argv.slice(2)
const at = words.indexOf('--to')
const target = at === -1 ? join(root, 'docs', 'pictures', 'console') : String(words[at + 1])
mkdirSync(target, { recursive: true })
const folder = mkdtempSync(join(tmpdir(), 'plimsoll-pictures-'))
const browser = await chromium.launch({
  executablePath: chromiumBinary() ?? '',
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
})
const server = await startServer(folder)
try {
  await take(browser, server, at === -1 ? words : words.toSpliced(at, 2))
} finally {
  await browser.close()
  server.child.kill('SIGTERM')
  await once(server.child, 'exit')
  rmSync(folder, { recursive: true })
}
