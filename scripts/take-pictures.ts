import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser } from 'playwright-core'
import { chromiumBinary } from '../test/e2e/available.ts'

/**
 * Takes the pictures of the README from the running product: `node scripts/bootstrap.mjs
 * scripts/take-pictures.ts`. A first start on the demo upstream, a session spent, a top-up, extra usage on.
 */
const root = join(import.meta.dirname, '..')
const pictures = join(root, 'docs', 'pictures')
const model = 'claude-sonnet-4-5'

type Server = {
  readonly child: ChildProcess
  readonly gatewayUrl: string
  readonly pageUrl: string
  readonly key: string
}

async function startServer(folder: string): Promise<Server> {
  const flags = [
    '--data-folder',
    folder,
    '--gateway-port',
    '0',
    '--admin-port',
    '0',
    '--is-demo-paced',
    'false',
  ]
  const child = spawn(process.execPath, [join(root, 'src', 'main.ts'), ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  for await (const chunk of child.stdout) {
    text += String(chunk)
    if (text.includes('Stop with Ctrl-C')) break
  }
  const find = (pattern: RegExp): string => pattern.exec(text)?.[1] ?? ''
  const gatewayUrl = find(/Gateway +(\S+)/)
  return { child, gatewayUrl, pageUrl: find(/Page +(\S+)/), key: find(/(plim_\w+)/) }
}

async function ask({ gatewayUrl, key }: Server, text: string): Promise<number> {
  const response = await fetch(`${gatewayUrl}/v1/messages`, {
    method: 'POST',
    headers: {
      'x-api-key': key,
      'content-type': 'application/json',
      'anthropic-version': '2023-06-01',
    },
    body: JSON.stringify({ model, max_tokens: 8000, messages: [{ role: 'user', content: text }] }),
  })
  await response.text()
  return response.status
}

async function command(folder: string, ...words: readonly string[]): Promise<void> {
  const program = join(root, 'src', 'cli', 'plimsoll.ts')
  const child = spawn(process.execPath, [program, ...words, '--data-folder', folder], {
    stdio: 'ignore',
  })
  await once(child, 'exit')
}

async function takePage(browser: Browser, url: string, name: string): Promise<void> {
  const page = await browser.newPage({
    viewport: { width: 900, height: 1040 },
    deviceScaleFactor: 1.5,
  })
  await page.goto(url)
  await page.waitForLoadState('networkidle').catch(() => undefined)
  await page.getByText('Session').first().waitFor()
  await page.screenshot({ path: join(pictures, `${name}.png`) })
  await page.close()
  console.log(`docs/pictures/${name}.png`)
}

const folder = mkdtempSync(join(tmpdir(), 'plimsoll-pictures-'))
const browser = await chromium.launch({
  executablePath: chromiumBinary() ?? '',
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
})
const server = await startServer(folder)
try {
  while ((await ask(server, 'demo-output-tokens: 4000')) === 200);
  await command(folder, 'topup', '5')
  await command(folder, 'extra', 'on')
  for (const text of ['Rename the module', 'Run the tests', 'Write the changelog'])
    await ask(server, text)
  await takePage(browser, server.pageUrl, 'usage')
} finally {
  await browser.close()
  server.child.kill('SIGTERM')
  await once(server.child, 'exit')
  rmSync(folder, { recursive: true })
}
