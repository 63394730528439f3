import type { Command } from 'commander'
import type { AutoReloadAnswer } from '../../admin/contract/answers.ts'
import { readAmount } from '../amounts.ts'
import type { CommandContext, CommandLine } from '../command-line.ts'
import { commandText } from '../command-text.ts'
import { localMoment } from '../moments.ts'
import { withRetryKey } from '../retry-key.ts'
import { facts, wrap } from '../terminal.ts'
import { chooseCustomer, withCustomer, type Who } from '../who.ts'

type Terms = { readonly below: string; readonly add: string; readonly atMost: string }

/** `plimsoll auto-reload …`: when and by how much a customer's balance tops itself up, and what pays for it. */
export function addAutoReloadCommands(program: Command, cli: CommandLine): void {
  const group = program
    .command('auto-reload')
    .description('top-ups that a balance makes by itself, within a maximum of the month')
  addShow(group, cli)
  addOn(group, cli)
  addOff(group, cli)
  addAllow(group, cli)
}

function addShow(parent: Command, cli: CommandLine): void {
  withCustomer(parent.command('show'))
    .description('what is set, what was reloaded this month, and why nothing comes where it should')
    .addHelpText('after', '\nExample:\n  npm run plimsoll -- auto-reload show')
    .action((who: Who, command: Command) =>
      cli.run(command, async (context) => {
        const desk = await context.desk('reading')
        const { path } = await chooseCustomer(desk, who, context)
        const answer = await desk.get<AutoReloadAnswer>(`${path}/auto-reload`)
        context.show(answer, () => shownOf(answer, context))
      }),
    )
}

function addOn(parent: Command, cli: CommandLine): void {
  withRetryKey(withCustomer(parent.command('on')))
    .description('turn auto-reload on, or change its terms')
    .requiredOption('--below <amount>', 'reload when less than this is available, in dollars')
    .requiredOption('--add <amount>', 'how much one reload adds; at least as much as --below')
    .requiredOption('--at-most <amount>', 'what the reloads of a calendar month never exceed')
    .addHelpText(
      'after',
      '\nExample:\n  npm run plimsoll -- auto-reload on --below 5 --add 20 --at-most 100',
    )
    .action((options: Who & Terms, command: Command) =>
      cli.run(command, async (context) => {
        const amount = (text: string): string =>
          readAmount(text, { isZeroAllowed: false }).toString()
        const setting = {
          kind: 'on',
          thresholdNanos: amount(options.below),
          amountNanos: amount(options.add),
          monthMaxNanos: amount(options.atMost),
        }
        const desk = await context.desk('changing')
        const { path } = await chooseCustomer(desk, options, context)
        const answer = await desk.post<AutoReloadAnswer>(`${path}/auto-reload`, setting)
        context.say(answer, () => {
          const said = wrap(`${settingText(answer, context)}.`, context.terminal.columns)
          return said + orderHint(answer, { ...context, who: options })
        })
      }),
    )
}

function addOff(parent: Command, cli: CommandLine): void {
  withRetryKey(withCustomer(parent.command('off')))
    .description('turn auto-reload off; the balance stays')
    .addHelpText('after', '\nExample:\n  npm run plimsoll -- auto-reload off')
    .action((who: Who, command: Command) =>
      cli.run(command, async (context) => {
        const desk = await context.desk('changing')
        const { path } = await chooseCustomer(desk, who, context)
        const answer = await desk.post<AutoReloadAnswer>(`${path}/auto-reload`, { kind: 'off' })
        context.say(
          answer,
          () => `Auto-reload is off. The balance is ${context.money(answer.balanceNanos)}.`,
        )
      }),
    )
}

function addAllow(parent: Command, cli: CommandLine): void {
  withRetryKey(withCustomer(parent.command('allow')))
    .description("the operator's standing order: what it pays for in a month without being asked")
    .argument('<amount>', 'in dollars a month, for example 100; 0 ends it')
    .addHelpText('after', '\nExample:\n  npm run plimsoll -- auto-reload allow 100')
    .action((amount: string, who: Who, command: Command) =>
      cli.run(command, async (context) => {
        const monthMaxNanos = readAmount(amount, { isZeroAllowed: true }).toString()
        const desk = await context.desk('changing')
        const { path } = await chooseCustomer(desk, who, context)
        const answer = await desk.post<AutoReloadAnswer>(`${path}/standing-order`, {
          monthMaxNanos,
        })
        context.say(answer, () => orderText(answer, context))
      }),
    )
}

function settingText({ setting }: AutoReloadAnswer, { money }: CommandContext): string {
  if (setting.kind === 'off') return 'Auto-reload is off'
  const { thresholdNanos, amountNanos, monthMaxNanos } = setting
  return `Auto-reload is on: ${money(amountNanos)} whenever less than ${money(thresholdNanos)} is available, at most ${money(monthMaxNanos)} a month`
}

const orderText = ({ standingOrderNanos }: AutoReloadAnswer, { money }: CommandContext): string =>
  standingOrderNanos === '0'
    ? 'There is no standing order: nothing pays for reloads.'
    : `The operator pays for reloads of up to ${money(standingOrderNanos)} a month.`

/** Turned on with nothing behind it, it would stop at the first need. */
function orderHint(
  { customerId, standingOrderNanos }: AutoReloadAnswer,
  { settings, who }: Pick<CommandContext, 'settings'> & { readonly who: Who },
): string {
  if (standingOrderNanos !== '0') return ''
  const whose = who.customer === undefined ? '' : ` --customer ${customerId}`
  const allow = `auto-reload allow 100${whose}`
  return `\nNothing pays for it yet; the operator allows it with:\n  ${commandText(settings, allow)}`
}

const stateTexts = {
  off: 'off',
  ready: 'enough is available',
  due: 'a reload is due',
  stopped: 'stopped',
} as const

function shownOf(answer: AutoReloadAnswer, context: CommandContext): string {
  const { money, terminal } = context
  const reader = context.reader()
  const { reloadCount, reloadedNanos, monthEndMs, heldNanos, stop } = answer
  const held = heldNanos === '0' ? '' : `, ${money(heldNanos)} of it held`
  const since =
    stop === null || stop.sinceMs === null ? '' : ` since ${localMoment(stop.sinceMs, reader)}`
  const count = `${reloadCount} ${reloadCount === 1 ? 'reload' : 'reloads'}`
  return [
    wrap(`${settingText(answer, context)}.`, terminal.columns),
    '',
    facts([
      ['State', `${stateTexts[answer.state]}${since}`],
      ['Balance', `${money(answer.balanceNanos)}${held}`],
      [
        'This month',
        `${money(reloadedNanos)} in ${count}; the month ends ${localMoment(monthEndMs, reader)}`,
      ],
    ]),
    '',
    ...[answer.stopSentence, orderText(answer, context)]
      .filter((text) => text !== null)
      .map((text) => wrap(text, terminal.columns)),
  ].join('\n')
}
