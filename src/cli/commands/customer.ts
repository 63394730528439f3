import type { Command } from 'commander'
import type { CustomerAnswer, CustomersAnswer } from '../../admin/contract/answers.ts'
import { readAmount } from '../amounts.ts'
import type { CommandContext, CommandLine } from '../command-line.ts'
import { commandText } from '../command-text.ts'
import { readId, readName, readZone } from '../flag-values.ts'
import { localMoment } from '../moments.ts'
import { addEraseCustomer } from './erase.ts'
import { withRetryKey } from '../retry-key.ts'
import { facts, safeText, table, type Column } from '../terminal.ts'
import { withUnreadable } from '../unreadable-text.ts'
import { chooseCustomer, eachCustomer, namedBy, withCustomer, type Who } from '../who.ts'

type OpenOptions = {
  readonly id?: string
  readonly zone?: string
  readonly cap?: string
  readonly extra?: boolean
}

/** `plimsoll customer …`: who pays. */
export function addCustomerCommands(program: Command, cli: CommandLine): void {
  const customer = program
    .command('customer')
    .description('customers: who pays; each has one wallet')
  addOpen(customer, cli)
  addList(customer, cli)
  addShow(customer, cli)
  addStatus(customer, cli, {
    name: 'pause',
    isActive: false,
    done: 'is paused: every request is refused',
  })
  addStatus(customer, cli, { name: 'resume', isActive: true, done: 'is active again' })
  addEraseCustomer(customer, cli)
}

function addOpen(parent: Command, cli: CommandLine): void {
  withRetryKey(parent.command('open'))
    .description('open a customer')
    .argument('<name>', 'for people; the id is made, or given with --id', readName)
    .option('--id <id>', 'letters, digits, dots, dashes, underscores', readId)
    .option(
      '--zone <zone>',
      'the zone of the month that the spend cap counts over (default: UTC)',
      readZone,
    )
    .option('--cap <amount>', 'the spend cap of a month, in dollars (default: none)')
    .option('--extra', 'with extra usage turned on')
    .addHelpText(
      'after',
      '\nExample:\n  npm run plimsoll -- customer open "Acme" --id acme --zone Europe/Berlin',
    )
    .action((name: string, options: OpenOptions, command: Command) =>
      cli.run(command, async (context) => {
        const body = {
          name,
          ...(options.id === undefined ? {} : { customerId: options.id }),
          ...(options.zone === undefined ? {} : { zone: options.zone }),
          ...(options.cap === undefined ? {} : { cap: capOf(options.cap) }),
          isExtraUsageOn: options.extra === true,
        }
        const desk = await context.desk('changing')
        const answer = await desk.post<CustomerAnswer>('/api/customers', body)
        context.say(answer, () => {
          const words = `member seat "Ada" --plan pro --customer ${answer.customerId}`
          const next = commandText(context.settings, words)
          return `Customer ${answer.customerId} is open. Next:\n  ${next}`
        })
      }),
    )
}

const capOf = (amount: string): object => ({
  kind: 'capped',
  amountNanos: readAmount(amount, { isZeroAllowed: true }).toString(),
})

const columns: readonly Column[] = [
  { title: 'Customer' },
  { title: 'Name', isFlexible: true },
  { title: 'Extra' },
  { title: 'Balance', isRight: true, isMoney: true },
  { title: 'Spent', isRight: true, isMoney: true },
  { title: 'Cap', isRight: true, isMoney: true },
  { title: 'Members', isRight: true },
]

function addList(parent: Command, cli: CommandLine): void {
  parent
    .command('list')
    .description('every customer with balance, spend and cap')
    .addHelpText('after', '\nExample:\n  npm run plimsoll -- customer list')
    .action((_options: object, command: Command) =>
      cli.run(command, async (context) => {
        const desk = await context.desk('reading')
        const customers: CustomerAnswer[] = []
        const unreadable: CustomersAnswer['unreadable'][number][] = []
        for await (const each of eachCustomer(desk, (one) => void unreadable.push(one))) {
          customers.push(each)
        }
        context.show({ customers, unreadable }, () => {
          const rows = customers.map((each) => rowOf(each, context))
          return withUnreadable(context, table(context.terminal, columns, rows), unreadable)
        })
      }),
    )
}

const rowOf = (customer: CustomerAnswer, { money }: CommandContext): readonly string[] => [
  customer.customerId,
  `${safeText(customer.name ?? '')}${customer.isActive ? '' : ' (paused)'}${customer.isServed ? '' : ' (in quarantine)'}`,
  customer.isExtraUsageOn ? 'on' : 'off',
  money(customer.balanceNanos),
  money(customer.spentNanos),
  customer.capNanos === null ? 'none' : money(customer.capNanos),
  String(customer.memberCount),
]

function addShow(parent: Command, cli: CommandLine): void {
  withCustomer(parent.command('show'))
    .description('one customer')
    .argument('[customer]', 'id or name; needed when there are several')
    .addHelpText('after', '\nExample:\n  npm run plimsoll -- customer show acme')
    .action((customer: string | undefined, who: Who, command: Command) =>
      cli.run(command, async (context) => {
        const desk = await context.desk('reading')
        const { path } = await chooseCustomer(desk, namedBy('customer', customer, who.customer), {
          ...context,
          isArgument: true,
        })
        const answer = await desk.get<CustomerAnswer>(path)
        context.show(answer, () => customerText(answer, context))
      }),
    )
}

const statusOf = ({ isActive, isServed }: CustomerAnswer): string =>
  `${isActive ? 'active' : 'paused'}${isServed ? '' : ', in quarantine: run npm run plimsoll -- health'}`

function customerText(customer: CustomerAnswer, context: CommandContext): string {
  const { money } = context
  const cap = customer.capNanos === null ? ', no cap' : ` of a cap of ${money(customer.capNanos)}`
  const ends = localMoment(customer.capResetMs, context.reader())
  return facts([
    ['Customer', customer.customerId],
    ['Name', safeText(customer.name ?? '')],
    ['Status', statusOf(customer)],
    ['Extra usage', customer.isExtraUsageOn ? 'on' : 'off'],
    [
      'Balance',
      `${money(customer.balanceNanos)}, ${money(customer.heldNanos)} of it held by running requests`,
    ],
    ['Spent this month', `${money(customer.spentNanos)}${cap}; the month ends ${ends}`],
    ['Zone', customer.zone],
    ['Members', String(customer.memberCount)],
  ])
}

function addStatus(
  parent: Command,
  cli: CommandLine,
  status: { readonly name: string; readonly isActive: boolean; readonly done: string },
): void {
  withRetryKey(withCustomer(parent.command(status.name)))
    .description(`${status.name} a customer with all its members`)
    .argument('[customer]', 'id or name; needed when there are several')
    .addHelpText('after', `\nExample:\n  npm run plimsoll -- customer ${status.name} acme`)
    .action((customer: string | undefined, who: Who, command: Command) =>
      cli.run(command, async (context) => {
        const desk = await context.desk('changing')
        const { path } = await chooseCustomer(desk, namedBy('customer', customer, who.customer), {
          ...context,
          isArgument: true,
        })
        const answer = await desk.post<CustomerAnswer>(`${path}/status`, {
          isActive: status.isActive,
        })
        context.say(answer, () => `Customer ${answer.customerId} ${status.done}.`)
      }),
    )
}
