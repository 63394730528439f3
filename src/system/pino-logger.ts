import { pino, type DestinationStream } from 'pino'
import type { LogFields, Logger } from './logger.ts'

/** JSON lines with `level` as a word and `time` in ISO form, to standard output unless told otherwise. */
export function createPinoLogger(destination?: DestinationStream): Logger {
  const options = {
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const log = destination === undefined ? pino(options) : pino(options, destination)
  return {
    info: (message: string, fields: LogFields = {}) => log.info(fields, message),
    warn: (message: string, fields: LogFields = {}) => log.warn(fields, message),
    error: (message: string, fields: LogFields = {}) => log.error(fields, message),
  }
}
