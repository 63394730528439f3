import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { disclaimer } from './scene.ts'
import type { Stage, StageState } from './stage.ts'
import { actions, type Action, type Side } from './visitor.ts'

/**
 * Serves the story's page on loopback: one file without any outside request, its state as a stream of
 * events, and the buttons. Other origins and other host names are turned away.
 */
export type StageServer = {
  readonly url: string
  /** Pages that are open right now. */
  readonly viewerCount: () => number
  close(): Promise<void>
}

const read = (name: string): string =>
  readFileSync(new URL(`./page/${name}`, import.meta.url), 'utf8')

/** The story wears the console's colours, spacing and type. */
const tokens = readFileSync(new URL('../../console/ui/tokens.css', import.meta.url), 'utf8')
const style = `${tokens}\n${read('story.css')}`
const script = read('story.js')
const hashOf = (content: string): string =>
  `'sha256-${createHash('sha256').update(content).digest('base64')}'`

/** Replaced by functions, because a replacement text would give `$` a meaning. */
const page = read('story.html')
  .replace('</style>', () => `${style}</style>`)
  .replace('</script>', () => `${script}</script>`)
  .replace('{{disclaimer}}', () => disclaimer)

const contentPolicy = [
  "default-src 'none'",
  `style-src ${hashOf(style)}`,
  `script-src ${hashOf(script)}`,
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const headers = {
  'content-security-policy': contentPolicy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}

/** Every amount in the state is text already; what is left of a bigint would be a mistake. */
const eventOf = (state: StageState): string => `data: ${JSON.stringify(state)}\n\n`

function streamState(request: IncomingMessage, response: ServerResponse, stage: Stage): void {
  response.writeHead(200, { ...headers, 'content-type': 'text/event-stream' })
  response.write(eventOf(stage.state()))
  const stop = stage.onChange((state) => response.write(eventOf(state)))
  request.on('close', stop)
}

function findAct(path: string): { side: Side; action: Action } | undefined {
  const [, , side, name] = path.split('/')
  const action = actions.find((candidate) => candidate === name)
  if (action === undefined || (side !== 'two-books' && side !== 'one-book')) return undefined
  return { side, action }
}

async function press(path: string, stage: Stage): Promise<boolean> {
  if (path === '/play') await stage.play()
  else if (path === '/start-over') await stage.startOver()
  else if (path === '/look') await stage.look()
  else {
    const act = findAct(path)
    if (act === undefined) return false
    await stage.act(act.side, act.action)
  }
  return true
}

type Route = { readonly stage: Stage; readonly url: string }

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  { stage, url }: Route,
): Promise<void> {
  const { origin, host } = request.headers
  const isOwn = `http://${host}` === url && (origin === undefined || origin === url)
  const path = new URL(request.url ?? '/', url).pathname
  if (!isOwn) {
    response.writeHead(403, headers).end('Only for the page of this story.')
  } else if (request.method === 'GET' && path === '/') {
    response.writeHead(200, { ...headers, 'content-type': 'text/html; charset=utf-8' }).end(page)
  } else if (request.method === 'GET' && path === '/events') {
    streamState(request, response, stage)
  } else if (request.method === 'POST' && (await press(path, stage))) {
    response.writeHead(204, headers).end()
  } else {
    response.writeHead(404, headers).end('No such page.')
  }
}

export async function openStageServer(stage: Stage): Promise<StageServer> {
  let url = ''
  let viewerCount = 0
  const server = createServer((request, response) => {
    if (request.url === '/events') {
      viewerCount += 1
      request.on('close', () => (viewerCount -= 1))
    }
    route(request, response, { stage, url }).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error)
      if (response.headersSent) response.destroy()
      else response.writeHead(500, headers).end(reason)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    viewerCount: () => viewerCount,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
