import { openAccountEvents } from '../admin/account-events.ts'
import { createAdminApi } from '../admin/admin-api.ts'
import { HeavyReads } from '../admin/http/heavy-reads.ts'
import { replaceOperatorToken, sha256Hex } from '../admin/callers/operator-token.ts'
import { openSignIn } from '../admin/sign-in/sign-in.ts'
import { openBooks } from '../books.ts'
import { UsageReadings } from '../operations/usage-readings.ts'
import { parsePlans } from '../config/plans-file.ts'
import type { Logger } from '../system/logger.ts'
import { openDesk, type Desk } from './desk.ts'
import type { Search } from './find-desk.ts'

const silentLogger: Logger = { info: () => {}, warn: () => {}, error: () => {} }

/** Gives the data folder of a stopped server a new operator token; answers with its file. */
export async function newTokenInFolder({
  world,
  settings,
}: Pick<Search, 'world' | 'settings'>): Promise<string> {
  const { clock, random, version } = world
  const books = await openBooks(settings, { clock, random, logger: silentLogger }, version)
  try {
    return await replaceOperatorToken(books.parts, settings.dataFolder)
  } finally {
    await books.close()
  }
}

/** The same admin API on the data folder itself, inside this process. Whoever can read the folder may. */
export async function openFolderDesk({ world, settings, idempotencyKey }: Search): Promise<Desk> {
  const { clock, random, version } = world
  const books = await openBooks(settings, { clock, random, logger: silentLogger }, version)
  const events = openAccountEvents(books.parts)
  const token = random.bytes(32).toString('hex')
  const api = createAdminApi(
    {
      ...books.parts,
      events,
      usageReadings: new UsageReadings(books.parts),
      heavyReads: new HeavyReads({ clock, share: 1 }),
      logger: silentLogger,
      operatorTokenSha256: sha256Hex(token),
      signIn: openSignIn({
        ...books.parts,
        logger: silentLogger,
        secret: token,
        publicPageUrl: settings.publicPageUrl,
        sessionIdleMs: settings.sessionIdleMs,
      }),
      isOwnHost: () => true,
      about: {
        version,
        dataFolder: settings.dataFolder,
        gatewayUrl: '',
        upstream: '',
        currencySymbol: settings.currencySymbol,
        plansFile: settings.plansFile,
      },
      adminUrl: '',
      newCustomer: {
        overrunMaxNanos: settings.overrunMax,
        runningMax: settings.customerRunningMax,
        isStrict: false,
      },
      ownerSeatsMax: settings.ownerSeatsMax,
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
