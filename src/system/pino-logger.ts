import { mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { pino, type DestinationStream } from 'pino'
import type { LogFields, Logger } from './logger.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Log lines appended to a file that only its owner may read; what is still unwritten is written at exit. */
export function openFileLogger(file: { readonly path: string; readonly level: LogLevel }): Logger {
  // Opened here and not later: whatever ends the process next, the end finds a file to write to.
  mkdirSync(dirname(file.path), { recursive: true })
  const destination = pino.destination({ dest: openSync(file.path, 'a', 0o600), sync: false })
  // A full disk costs log lines, not the server: the journal answers for itself.
  destination.on('error', () => {})
  return createPinoLogger(destination, file.level)
}

/**
 * JSON lines with `level` as a word and `time` in ISO form, to standard output unless told otherwise. Lines
 * leave together when the output is slow, so that whoever reads them slowly does not slow requests down;
 * what is left is written when the process exits.
 */
export function createPinoLogger(
  destination?: DestinationStream,
  level: LogLevel = 'info',
): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const log = pino(options, destination ?? pino.destination({ dest: 1, sync: false }))
  return {
    info: (message: string, fields: LogFields = {}) => log.info(fields, message),
    warn: (message: string, fields: LogFields = {}) => log.warn(fields, message),
    error: (message: string, fields: LogFields = {}) => log.error(fields, message),
  }
}
