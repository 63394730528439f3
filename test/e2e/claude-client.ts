import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clientBinary } from './available.ts'

/**
 * The real Claude Code client, as somebody starts it who has just installed it: nothing of this machine's
 * user reaches it but the PATH, its home is empty, and whatever it says to anybody but the gateway ends in
 * a trap on loopback, and fails the test.
 */
export type Credential = 'ANTHROPIC_API_KEY' | 'ANTHROPIC_AUTH_TOKEN' | 'CLAUDE_CODE_OAUTH_TOKEN'

export type ClientOptions = {
  /** Of the gateway. */
  readonly url: string
  readonly keyText: string
  /** In which of its variables the client finds the key. */
  readonly credential?: Credential
}

export type ClientEnd = {
  readonly exitCode: number | null
  readonly out: string
  readonly error: string
}

export interface Client extends AsyncDisposable {
  /** Its whole world: home, settings and temporary files; the folder that it works in is below. */
  readonly folder: string
  readonly workFolder: string
  readonly environment: Readonly<Record<string, string>>
  /** Runs `claude` to its end, in the same home as before. */
  run(args: readonly string[], environment?: Readonly<Record<string, string>>): Promise<ClientEnd>
  /** Fails when it spoke to anybody but the gateway. */
  assertKeptToGateway(): void
}

/** With these the client was seen to speak to nobody but the gateway, also in a terminal. */
export const privacyVariables = [
  'CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC',
  'DISABLE_TELEMETRY',
  'DISABLE_AUTOUPDATER',
  'CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL',
] as const

/** Far beyond what a run takes; a client that hangs fails its test instead of the whole run. */
const runMaxMs = 60_000

export async function openClient(options: ClientOptions): Promise<Client> {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-client-'))
  const [home, config, work, temporary] = ['home', 'config', 'work', 'tmp'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string]
  for (const path of [home, config, work, temporary]) mkdirSync(path)
  const trap = await openTrap()
  const environment = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    CLAUDE_CONFIG_DIR: config,
    TMPDIR: temporary,
    TZ: 'UTC',
    ANTHROPIC_BASE_URL: options.url,
    [options.credential ?? 'ANTHROPIC_API_KEY']: options.keyText,
    ...Object.fromEntries(privacyVariables.map((name) => [name, '1'])),
    HTTPS_PROXY: trap.url,
    HTTP_PROXY: trap.url,
    NO_PROXY: new URL(options.url).hostname,
  }
  const assertKeptToGateway = (): void => assert.deepEqual(trap.asked, [])
  return {
    folder,
    workFolder: work,
    environment,
    assertKeptToGateway,
    async run(args, more = {}) {
      const end = await runClient(args, { folder: work, environment: { ...environment, ...more } })
      assertKeptToGateway()
      return end
    },
    async [Symbol.asyncDispose]() {
      await trap.close()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function runClient(
  args: readonly string[],
  { folder, environment }: { readonly folder: string; readonly environment: NodeJS.ProcessEnv },
): Promise<ClientEnd> {
  const binary = clientBinary()
  assert.ok(binary !== undefined, 'the client is not installed')
  const child = spawn(binary, args, {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: runMaxMs,
    killSignal: 'SIGKILL',
  })
  let out = ''
  let error = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (error += text))
  await once(child, 'close')
  assert.equal(
    child.signalCode,
    null,
    `the client did not end within ${runMaxMs} ms: ${out}${error}`,
  )
  return { exitCode: child.exitCode, out, error }
}

/** A proxy that forwards nothing and remembers for which address it was asked. */
async function openTrap(): Promise<{
  readonly url: string
  readonly asked: readonly string[]
  close(): Promise<void>
}> {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.once('data', (bytes) => {
      asked.push(bytes.toString('latin1').split('\r\n')[0] ?? '')
      socket.destroy()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
