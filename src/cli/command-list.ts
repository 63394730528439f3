import type { Command } from 'commander'
import type { CommandLine } from './command-line.ts'

/**
 * All commands, in the order of the help. Only the one that is called is loaded, since whoever was just refused should
 * not wait for the rest.
 */
type Add = (program: Command, cli: CommandLine) => void

type Listed = { readonly names: readonly string[]; readonly load: () => Promise<Add> }

export const listed: readonly Listed[] = [
  { names: ['doctor'], load: async () => (await import('./commands/doctor.ts')).addDoctorCommand },
  { names: ['wait'], load: async () => (await import('./commands/wait.ts')).addWaitCommand },
  { names: ['usage'], load: async () => (await import('./commands/usage.ts')).addUsageCommand },
  {
    names: ['history'],
    load: async () => (await import('./commands/history.ts')).addHistoryCommand,
  },
  {
    names: ['explain'],
    load: async () => (await import('./commands/explain.ts')).addExplainCommand,
  },
  {
    names: ['topup', 'gift', 'cap'],
    load: async () => (await import('./commands/money.ts')).addMoneyCommands,
  },
  {
    names: ['auto-reload'],
    load: async () => (await import('./commands/auto-reload.ts')).addAutoReloadCommands,
  },
  { names: ['extra'], load: async () => (await import('./commands/switch.ts')).addSwitchCommands },
  {
    names: ['gift-reset'],
    load: async () => (await import('./commands/gift-reset.ts')).addGiftResetCommand,
  },
  { names: ['verify'], load: async () => (await import('./commands/verify.ts')).addVerifyCommand },
  { names: ['drift'], load: async () => (await import('./commands/drift.ts')).addDriftCommand },
  {
    names: ['backup', 'restore'],
    load: async () => (await import('./commands/backup.ts')).addBackupCommands,
  },
  {
    names: ['operator-token'],
    load: async () => (await import('./commands/operator-token.ts')).addOperatorTokenCommand,
  },
  {
    names: ['customer'],
    load: async () => (await import('./commands/customer.ts')).addCustomerCommands,
  },
  { names: ['member'], load: async () => (await import('./commands/member.ts')).addMemberCommands },
  { names: ['key'], load: async () => (await import('./commands/key.ts')).addKeyCommands },
  {
    names: ['people'],
    load: async () => (await import('./commands/people.ts')).addPeopleCommands,
  },
  { names: ['plans'], load: async () => (await import('./commands/plans.ts')).addPlansCommands },
  { names: ['prices'], load: async () => (await import('./commands/prices.ts')).addPricesCommand },
  { names: ['status'], load: async () => (await import('./commands/status.ts')).addStatusCommand },
  { names: ['health'], load: async () => (await import('./commands/health.ts')).addHealthCommand },
  { names: ['clock'], load: async () => (await import('./commands/clock.ts')).addClockCommands },
  {
    names: ['checkpoint'],
    load: async () => (await import('./commands/checkpoint.ts')).addCheckpointCommands,
  },
  {
    names: ['statusline'],
    load: async () => (await import('./commands/statusline.ts')).addStatuslineCommand,
  },
  { names: ['demo'], load: async () => (await import('./commands/demo.ts')).addDemoCommands },
  { names: ['start'], load: async () => (await import('./commands/start.ts')).addStartCommand },
]

/** Options of every command that take a value. */
const withValue = ['--data-folder', '--admin-url']

/** The command that a line calls; all of them where it calls none that is known, for help and for what was meant. */
export async function commandsFor(args: readonly string[]): Promise<readonly Add[]> {
  const called = args.find(
    (word, at) => !word.startsWith('-') && !withValue.includes(args[at - 1] ?? ''),
  )
  const found = listed.filter(({ names }) => names.some((name) => name === called))
  return Promise.all((found.length > 0 ? found : listed).map(({ load }) => load()))
}
