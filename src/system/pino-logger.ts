import { openSync } from 'node:fs'
import { dirname } from 'node:path'
import { pino, type DestinationStream } from 'pino'
import type { LogFields, Logger } from './logger.ts'
import { LogOutput } from './log-output.ts'
import { makeFolder } from './make-folder.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Lines may wait for a slow output; whoever ends the process without an exit writes them out first. */
export type FlushableLogger = Logger & {
  readonly flush: () => void
  /**
   * For the line after which the process ends by a signal: it is written when the call returns. A flush
   * does not reach a line that another thread has just begun to write.
   */
  readonly atEnd: Logger
}

/** Log lines appended to a file that only its owner may read; what is still unwritten is written at exit. */
export function openFileLogger(file: {
  readonly path: string
  readonly level: LogLevel
}): FlushableLogger {
  // Opened here and not later: whatever ends the process next, the end finds a file to write to.
  // The folder may be the data folder, which is for its owner alone.
  makeFolder(dirname(file.path))
  return openLogger(openSync(file.path, 'a', 0o600), file.level)
}

/** The same lines on standard output, for a supervisor that keeps them. */
export const openOutputLogger = (level: LogLevel): FlushableLogger => openLogger(1, level)

function openLogger(file: number, level: LogLevel): FlushableLogger {
  const output = new LogOutput(file)
  const flush = (): void => output.flush()
  process.on('exit', flush)
  const atEnd = createPinoLogger({ write: (line) => output.writeAtOnce(line) }, level)
  return { ...createPinoLogger(output, level), flush, atEnd }
}

/** What JSON leaves as it is and a terminal that shows the log would act on. */
const steering = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu

/** Nearly every line has none of them, and this is told three times as fast. */
const unusual = /[^ -~\n]/

const withoutSteering = (line: string): string =>
  !unusual.test(line)
    ? line
    : line.replaceAll(
        steering,
        (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
      )

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
  const lines = destination ?? new LogOutput(1)
  const log = pino(options, { write: (line) => lines.write(withoutSteering(line)) })
  return {
    info: (message: string, fields: LogFields = {}) => log.info(fields, message),
    warn: (message: string, fields: LogFields = {}) => log.warn(fields, message),
    error: (message: string, fields: LogFields = {}) => log.error(fields, message),
  }
}
