import { createHash } from 'node:crypto'

import { readJsonFile } from './config/read-json-file.ts'
import type { Settings } from './config/settings.ts'
import { createDecisionSigner } from './operations/decision-id.ts'
import type { GateParts } from './operations/parts.ts'
import { WaitingLine } from './operations/waiting-line.ts'
import { parsePriceOverrides, PriceOverridesError } from './providers/price-overrides.ts'
import { createPriceBook, type PriceBook } from './providers/prices.ts'
import { makeJournal } from './storage/sqlite/make-journal.ts'
import type { UpgradeStep } from './storage/sqlite/migrate.ts'
import type { SqliteStorageOptions } from './storage/sqlite/sqlite-options.ts'
import { openSqliteStorage } from './storage/sqlite/sqlite-storage.ts'
import type { Storage } from './storage/storage.ts'
import type { Clock } from './system/clock.ts'
import type { Logger } from './system/logger.ts'
import type { Random } from './system/random.ts'

/** The journal with what stands on it, for a server, for a command on a stopped one, and for a first start. */

/** The outside world, as values; tests bring their own. */
export type System = { readonly clock: Clock; readonly random: Random; readonly logger: Logger }

/** Where the journal is: in the data folder, on a disk that tests may put there, or behind a storage of another kind. */
export type StoragePlace =
  | Partial<Pick<SqliteStorageOptions, 'driver' | 'startWriter' | 'onTaken'>>
  | { readonly openStorage: (system: System & { readonly version: string }) => Promise<Storage> }

/** The part of the serving thread's time that a verify may take; a million entries then take some minutes. */
export const verifyShare = 0.1

/** How long the end of a hold waits for the next hold, to share its commit (docs/decisions/0006-how-the-journal-is-written.md). */
export const lingerMs = 2

type Opening = { readonly version: string; readonly onUpgrade?: (step: UpgradeStep) => void }

/** The journal of a server that is stopped, for reading commands: nothing listens. */
export async function openBooks(
  settings: Settings,
  system: System,
  version: string,
): Promise<{ readonly parts: GateParts; close(): Promise<void> }> {
  const closers: (() => Promise<void> | void)[] = []
  const close = async (): Promise<void> => {
    for (const closer of closers.toReversed()) await closer()
  }
  try {
    return {
      parts: await openParts(
        settings,
        { ...system, version, isServing: false, place: {} },
        closers,
      ),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/**
 * A journal that begins with what `fill` does in it, on a clock of its own; answers whether it made one. A data folder
 * that has a journal keeps it, and whoever is killed meanwhile leaves none.
 */
export async function makeBooks(
  settings: Settings,
  system: System & { readonly version: string },
  fill: (parts: GateParts) => Promise<void>,
): Promise<boolean> {
  const { dataFolder, snapshotEvery } = settings
  const { clock, random, logger: log, version } = system
  return makeJournal(
    { dataFolder, clock, random, log, version, snapshotEvery },
    async (storage) => {
      const closers: (() => void)[] = []
      try {
        await fill(
          await gateParts(storage, { settings: { ...settings, waitMaxMs: 0 }, system, closers }),
        )
      } finally {
        for (const close of closers) close()
      }
    },
  )
}

export async function openParts(
  settings: Settings,
  {
    clock,
    random,
    logger,
    version,
    onUpgrade,
    isServing,
    place,
  }: System & Opening & { readonly isServing: boolean; readonly place: StoragePlace },
  closers: (() => Promise<void> | void)[],
): Promise<GateParts> {
  const storage =
    'openStorage' in place
      ? await place.openStorage({ clock, random, logger, version })
      : await openSqliteStorage({
          dataFolder: settings.dataFolder,
          clock,
          random,
          log: logger,
          version,
          snapshotEvery: settings.snapshotEvery,
          ...(isServing ? { verifyShare, lingerMs } : {}),
          ...(onUpgrade === undefined ? {} : { onUpgrade }),
          ...place,
        })
  closers.push(() => storage.close())
  return gateParts(storage, { settings, system: { clock, random }, closers })
}

async function gateParts(
  storage: Storage,
  input: {
    readonly settings: Settings
    readonly system: Pick<System, 'clock' | 'random'>
    readonly closers: (() => Promise<void> | void)[]
  },
): Promise<GateParts> {
  const { settings, closers } = input
  const { clock, random } = input.system
  const secret = await storage.secret('decision-signing', () =>
    random.bytes(32).toString('base64url'),
  )
  const { waitMaxMs, waitersMax, holdMaxMs } = settings
  const line = new WaitingLine(storage, clock, { waitMaxMs, waitersMax })
  closers.push(() => line.close())
  const signer = createDecisionSigner(secret)
  const { bootId } = storage
  return { storage, clock, random, signer, line, bootId, holdMaxMs }
}

export function openPrices(settings: Settings): PriceBook {
  const base = {
    digest: (text: string): string => createHash('sha256').update(text).digest('hex'),
    unpriced: settings.unpricedModel,
  }
  if (settings.pricesFile === null) return createPriceBook(base)
  const file = readJsonFile(settings.pricesFile, 'prices file')
  try {
    return createPriceBook({ ...base, overrides: parsePriceOverrides(file) })
  } catch (cause) {
    if (!(cause instanceof PriceOverridesError)) throw cause
    throw new PriceOverridesError(`${settings.pricesFile}: ${cause.message}`, { cause })
  }
}
