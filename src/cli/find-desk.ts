import { readFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readOperatorToken } from '../admin/callers/operator-token.ts'
import type { Settings } from '../config/settings.ts'
import { commandText } from './command-text.ts'
import { openDesk, type Desk, type DeskUse } from './desk.ts'
import { CliFailure, exitCodes } from './exit-codes.ts'
import type { CliWorld } from './run-cli.ts'

/** Finds who can answer: the server that runs, or for reading the data folder of one that does not. */

export type Search = {
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
    // The whole service comes with it, which asking a server does without.
    const { openFolderDesk } = await import('./folder-desk.ts')
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
    remedy: `Name the data folder with --data-folder, or set PLIMSOLL_OPERATOR_TOKEN. If the token is lost, stop the server and make a new one: ${commandText(settings, 'operator-token new')}`,
  })
}
