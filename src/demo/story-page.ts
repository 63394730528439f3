import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Clock } from '../system/clock.ts'

/**
 * `/story` on the admin port: starts the story program when somebody asks for it, and sends the browser
 * there. The story lives with the tests (`test/world/`), which nothing in `src/` may import, so it runs as
 * a process of its own. Its standard input is a pipe from here: when this process ends, in whatever way,
 * the pipe ends, and the story with it. See docs/decisions/0005-the-story-is-its-own-process.md.
 */
export type StoryPage = {
  answer(request: Request): Promise<Response>
  close(): void
}

export type StoryPageParts = {
  readonly clock: Clock
  /** The path of the story program; an installation without tests has none. */
  readonly program: string
}

/** How long the program may take to say where it listens. */
const startMaxMs = 20_000
/** Its first line is one address; more than this is no such line. */
const firstLineBytesMax = 4096

const loopbackHosts: readonly string[] = ['127.0.0.1', 'localhost', '[::1]']

class StoryUnavailableError extends Error {
  readonly code = 'story_unavailable'
}

type Running = { readonly child: ChildProcess; readonly url: Promise<string> }

export function createStoryPage({ clock, program }: StoryPageParts): StoryPage {
  let running: Running | null = null

  const start = (): Running => {
    const child = spawn(process.execPath, [program, '--serve'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    const started: Running = { child, url: addressOf(child, clock) }
    // Whoever asks next starts it anew.
    child.once('exit', () => {
      if (running === started) running = null
    })
    return started
  }

  return {
    async answer(request) {
      if (request.method !== 'GET') return say(405, 'The story is a page: open it in a browser.')
      if (!loopbackHosts.includes(new URL(request.url).hostname)) {
        return say(403, 'The story runs on the machine of the server only. There: npm run story')
      }
      if (!existsSync(program)) {
        return say(404, 'The story comes with a checkout of the sources. There: npm run story')
      }
      running ??= start()
      try {
        return new Response(null, { status: 303, headers: { location: await running.url } })
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        return say(503, `${reason} Try it in a terminal: npm run story`)
      }
    },
    close() {
      running?.child.stdin?.end()
      running = null
    },
  }
}

function say(status: number, text: string): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  })
}

/** Reads the program's first line: JSON with the address of its page, on loopback. */
function addressOf(child: ChildProcess, clock: Clock): Promise<string> {
  return new Promise((resolve, reject) => {
    let line = ''
    const fail = (reason: string): void => {
      child.kill()
      reject(new StoryUnavailableError(reason))
    }
    const cancel = clock.after(startMaxMs, () => fail('The story did not start in time.'))
    child.once('error', () => fail('The story cannot be started.'))
    child.once('exit', () => fail('The story ended before it began.'))
    child.stdin?.on('error', () => {})
    child.stdout?.on('data', (chunk: Buffer) => {
      line += chunk.toString('utf8')
      if (line.length > firstLineBytesMax) return fail('The story did not say where it is.')
      if (!line.includes('\n')) return
      cancel()
      const url = readAddress(line)
      if (url === undefined) return fail('The story did not say where it is.')
      child.stdout?.removeAllListeners('data')
      child.stdout?.resume()
      resolve(url)
    })
  })
}

function readAddress(line: string): string | undefined {
  try {
    const said: unknown = JSON.parse(line.slice(0, line.indexOf('\n')))
    if (typeof said !== 'object' || said === null || !('url' in said)) return undefined
    return /^http:\/\/127\.0\.0\.1:\d+$/.test(String(said.url)) ? String(said.url) : undefined
  } catch {
    return undefined
  }
}
