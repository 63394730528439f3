import type { Command } from 'commander'
import type { PricesAnswer } from '../../admin/contract/answers.ts'
import type { CommandContext, CommandLine } from '../command-line.ts'
import { safeText, table, wrap, type Column } from '../terminal.ts'

type PriceShown = PricesAnswer['prices'][number]
type Rates = PriceShown['rates']

/** `plimsoll prices`: the prices that decisions have used, as the journal has them. */
export function addPricesCommand(program: Command, cli: CommandLine): void {
  program
    .command('prices')
    .description('the prices that requests were charged by, per million tokens')
    .addHelpText('after', '\nExample:\n  npm run plimsoll -- prices')
    .action((_options: object, command: Command) =>
      cli.run(command, async (context) => {
        const desk = await context.desk('reading')
        const answer = await desk.get<PricesAnswer>('/api/prices')
        context.show(answer, () => pricesText(answer, context))
      }),
    )
}

const columns: readonly Column[] = [
  { title: 'Model', isFlexible: true },
  { title: 'Input', isRight: true },
  { title: 'Output', isRight: true },
  { title: 'Cache read', isRight: true },
  { title: 'Write 5 min', isRight: true },
  { title: 'Write 1 h', isRight: true },
]

const meters = ['input', 'output', 'cache_read', 'cache_write_5m', 'cache_write_1h'] as const

function pricesText({ prices }: PricesAnswer, context: CommandContext): string {
  if (prices.length === 0) {
    return 'No price was used yet: a price enters the journal with the first request to its model.'
  }
  const rows = prices.map((price) => [
    safeText(price.model),
    ...meters.map((meter) => rateText(price.rates[meter], context)),
  ])
  const sources = [...new Set(prices.map((price) => safeText(price.source)))]
  return [
    table(context.terminal, columns, rows),
    '',
    wrap(
      'Per million tokens. A + marks a rate that rises with the size of the input; --json shows all.',
      context.terminal.columns,
    ),
    `Source: ${sources.join(', ')}`,
  ].join('\n')
}

function rateText(rates: Rates[keyof Rates], { money }: CommandContext): string {
  const [first] = rates ?? []
  if (rates === undefined || first === undefined) return ''
  return `${money(first.nanosPerMillion)}${rates.length > 1 ? '+' : ''}`
}
