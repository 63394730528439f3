import { readFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openAccountEvents } from '../admin/account-events.ts'
import { createAdminApi } from '../admin/admin-api.ts'
import { readOperatorToken, sha256Hex } from '../admin/operator-token.ts'
import { openBooks } from '../app.ts'
import { parsePlans } from '../config/plans-file.ts'
import type { Settings } from '../config/settings.ts'
import type { Logger } from '../system/logger.ts'
import { openDesk, type Desk, type DeskUse } from './desk.ts'
import { CliFailure, exitCodes } from './exit-codes.ts'
import type { CliWorld } from './run-cli.ts'

/** Finds who can answer: the server that runs, or for reading the data folder of one that does not. */

type Search = {
  readonly world: Pick<CliWorld, 'clock' | 'random' | 'version'>
  readonly settings: Settings
  readonly idempotencyKey: string
}

export async function findDesk(search: Search, use: DeskUse): Promise<Desk> {
  const { settings, idempotencyKey } = search
  const server = await findServer(settings)
  if (server !== undefined) {
    return openDesk({
      fetch: (request) => fetch(request),
      baseUrl: server.adminUrl,
      token: await operatorToken(settings),
      idempotencyKey,
      place: server.adminUrl,
      close: () => Promise.resolve(),
    })
  }
  if (use === 'reading' && existsSync(join(settings.dataFolder, 'journal.db'))) {
    return openFolderDesk(search)
  }
  throw new CliFailure(exitCodes.serverAway, {
    code: 'no_server',
    message: `No server is running on the data folder ${settings.dataFolder}.`,
    remedy: 'Start it with npm start, or name its folder with --data-folder.',
  })
}

export type RunningServer = {
  readonly adminUrl: string
  readonly gatewayUrl: string | null
  readonly pid: number | null
}

/** The server that the settings name, else the one that wrote its address into the data folder and lives. */
export async function findServer(settings: Settings): Promise<RunningServer | undefined> {
  if (settings.adminUrl !== null) {
    return { adminUrl: settings.adminUrl, gatewayUrl: null, pid: null }
  }
  const text = await readFile(join(settings.dataFolder, 'server.json'), 'utf8').catch(() => null)
  if (text === null) return undefined
  const { pid, gatewayUrl, adminUrl } = JSON.parse(text) as Record<string, unknown>
  if (typeof pid !== 'number' || typeof adminUrl !== 'string' || typeof gatewayUrl !== 'string') {
    return undefined
  }
  // After a crash the file is still there, and something else may listen on the port by now: the
  // operator's token is shown to nobody but the process that wrote it.
  return isAlive(pid) ? { pid, gatewayUrl, adminUrl } : undefined
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // A process of another user is alive, too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

async function operatorToken(settings: Settings): Promise<string> {
  const token = settings.operatorToken ?? (await readOperatorToken(settings.dataFolder))
  if (token !== undefined) return token
  throw new CliFailure(exitCodes.notAllowed, {
    code: 'operator_token_missing',
    message: `There is no operator token in ${settings.dataFolder}.`,
    remedy: 'Name the data folder with --data-folder, or set PLIMSOLL_OPERATOR_TOKEN.',
  })
}

const silentLogger: Logger = { info: () => {}, warn: () => {}, error: () => {} }

/** The same admin API on the data folder itself, inside this process. Whoever can read the folder may. */
async function openFolderDesk({ world, settings, idempotencyKey }: Search): Promise<Desk> {
  const { clock, random, version } = world
  const books = await openBooks(settings, { clock, random, logger: silentLogger }, version)
  const events = openAccountEvents(books.parts)
  const token = random.bytes(32).toString('hex')
  const api = createAdminApi(
    {
      ...books.parts,
      events,
      logger: silentLogger,
      operatorTokenSha256: sha256Hex(token),
      isOwnHost: () => true,
      about: {
        version,
        dataFolder: settings.dataFolder,
        gatewayUrl: '',
        upstream: '',
        currencySymbol: settings.currencySymbol,
      },
      adminUrl: '',
      newCustomer: {
        overrunMaxNanos: settings.overrunMax,
        runningMax: settings.customerRunningMax,
        isStrict: false,
      },
      parsePlans,
    },
    [],
  )
  return openDesk({
    fetch: async (request) => api.fetch(request),
    baseUrl: 'http://data-folder',
    token,
    idempotencyKey,
    place: settings.dataFolder,
    close: async () => {
      events.close()
      await books.close()
    },
  })
}
