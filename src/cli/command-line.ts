import type { Command } from 'commander'
import type { Settings } from '../config/settings.ts'
import type { Nanos } from '../core/money.ts'
import type { Machine } from '../doctor/state-folder.ts'
import type { Clock } from '../system/clock.ts'
import type { Random } from '../system/random.ts'
import type { Desk, DeskUse } from './desk.ts'
import type { Desktop } from './desktop.ts'
import type { Reader } from './moments.ts'
import type { Terminal } from './terminal.ts'

/**
 * What every command is built with. A command asks the desk, and shows the answer either as JSON or as
 * text; finding the server, errors and exit codes are the same for all.
 */
export type CommandLine = {
  /** Runs a command's work; what it throws is written for people, and decides the exit code. */
  readonly run: (
    command: Command,
    work: (context: CommandContext) => Promise<void>,
  ) => Promise<void>
  /** The same for work on this machine alone: settings that are wrong are told, and stop nothing. */
  readonly runAnyway: CommandLine['run']
  /** Starts the server in this terminal and ends with its exit code. */
  readonly startServer: (args: readonly string[]) => Promise<void>
}

export type CommandContext = {
  readonly settings: Settings
  readonly terminal: Terminal
  readonly clock: Clock
  readonly random: Random
  readonly version: string
  /** Whose machine this is, for commands that need no server. */
  readonly machine: Machine
  /** The current folder. */
  readonly folder: string
  readonly isJson: boolean
  /** For commands that work on this machine instead of asking a server. */
  readonly desktop: Desktop
  /** Where the command is sent. For reading, the data folder of a stopped server will do. */
  readonly desk: (use: DeskUse) => Promise<Desk>
  /** Who reads: moments are written for the zone of the settings. */
  readonly reader: (nowMs?: number) => Reader
  /** Amounts in answers are digits of nanos. */
  readonly money: (amount: string | Nanos) => string
  /** Shows an answer: as it is with `--json`, else as this text. */
  readonly show: (answer: unknown, text: () => string) => void
  /** The same for a few sentences, which are broken into lines that fit. */
  readonly say: (answer: unknown, text: () => string) => void
  /** A check found a difference: the command ends with the exit code of that. */
  readonly reportDifference: () => void
  /** The command ends with this code, although nothing failed. */
  readonly endWith: (exitCode: number) => void
}
