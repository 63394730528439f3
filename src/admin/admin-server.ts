import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { listenOnMachine, type Listen } from '../system/listen.ts'
import { UsageReadings } from '../operations/usage-readings.ts'
import { openAccountEvents, streamsMax } from './account-events.ts'
import { HeavyReads } from './http/heavy-reads.ts'
import { createAdminApi, type AdminApiParts, type Mount } from './admin-api.ts'
import { openSignIn } from './sign-in/sign-in.ts'
import { ownHosts } from './callers/guards.ts'

/**
 * The admin API on its own port: for the page, the command line and the operator's tools. LLM traffic
 * never passes here, so this port can be closed to everybody but people.
 */
export type AdminServerOptions = {
  readonly host: string
  readonly port: number
  /** Where people reach the console, if not on that address itself; then it answers under that name, too. */
  readonly publicPageUrl: string | null
  /** Signs the cookies of sessions. */
  readonly sessionSecret: string
  readonly sessionIdleMs: number
  /** Pages that others bring, such as the story; each answers everything under its path. */
  readonly mounts: readonly Mount[]
  /** That of this machine when it is left out. */
  readonly listen?: Listen
}

export type AdminServer = {
  readonly url: string
  readonly port: number
  /** A page of the console is open somewhere. */
  readonly isWatched: () => boolean
  /** Loads what the first sign-in needs, so that no caller waits for it. */
  readonly warmUp: () => Promise<void>
  /** What lets somebody set this server up in the browser; null once it has an operator. */
  readonly setUpCode: () => Promise<string | null>
  close(): Promise<void>
}

const headersMaxMs = 10_000
const requestMaxMs = 30_000
/** How often connections are looked at for what should have arrived by now. */
const lateCheckMs = 2_000
/**
 * People and their tools are few; LLM traffic must not run out of sockets because of this port. Pages that listen keep
 * a connection each, and however many there are, whoever asks something finds one, too.
 */
const connectionsMax = streamsMax + 1000
/** How long requests that run may take to end once the server is told to. */
const closeMaxMs = 1000

export async function startAdminServer(
  parts: Omit<
    AdminApiParts,
    'heavyReads' | 'isOwnHost' | 'events' | 'usageReadings' | 'adminUrl' | 'signIn'
  > &
    Partial<Pick<AdminApiParts, 'heavyReads'>>,
  options: AdminServerOptions,
): Promise<AdminServer> {
  const events = openAccountEvents(parts)
  const { publicPageUrl, sessionSecret: secret, sessionIdleMs } = options
  const signIn = openSignIn({ ...parts, publicPageUrl, secret, sessionIdleMs })
  // The port is known only once it listens, and nothing answers before the API is there.
  const server = createServer({
    headersTimeout: headersMaxMs,
    requestTimeout: requestMaxMs,
    connectionsCheckingInterval: lateCheckMs,
  })
  server.maxConnections = connectionsMax
  const listen = options.listen ?? listenOnMachine
  const { port } = await listen(server, { port: options.port, host: options.host })
  const shownHost = options.host.includes(':') ? `[${options.host}]` : options.host
  const url = `http://${shownHost}:${port}`
  const api = createAdminApi(
    {
      heavyReads: new HeavyReads(parts),
      ...parts,
      events,
      signIn,
      usageReadings: new UsageReadings(parts),
      adminUrl: url,
      isOwnHost: ownHosts({ host: options.host, port, publicHost: signIn.publicUrl?.host ?? null }),
    },
    options.mounts,
  )
  const listener = getRequestListener(api.fetch, { overrideGlobalObjects: false })
  let isClosing = false
  server.on('request', (request, response) => {
    // A browser would go on over the connection that it has, and never let the server end.
    if (isClosing) response.setHeader('connection', 'close')
    void listener(request, response)
  })

  const close = async (): Promise<void> => {
    isClosing = true
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    events.close()
    server.closeIdleConnections()
    const cancelCut = parts.clock.after(closeMaxMs, () => server.closeAllConnections())
    await closed
    cancelCut()
  }
  const setUpCode = async (): Promise<string | null> =>
    (await signIn.accounts.hasOperator()) ? null : signIn.setUpCode
  const warmUp = async (): Promise<void> => void (await signIn.accounts.library())
  return { url, port, isWatched: () => events.openCount > 0, warmUp, setUpCode, close }
}
