import type { Command } from 'commander'
import type { CreditsAnswer } from '../../admin/contract/answers.ts'
import type { CommandLine } from '../command-line.ts'
import { readId } from '../flag-values.ts'
import { withRetryKey } from '../retry-key.ts'
import { chooseMember, withMember, type Who } from '../who.ts'

type Options = Who & { readonly limit?: string }

/** `plimsoll gift-reset`: gives back what a member used in running windows; no reset time moves. */
export function addGiftResetCommand(program: Command, cli: CommandLine): void {
  withRetryKey(withMember(program.command('gift-reset')))
    .description("give a member's running windows back; their reset times stay as they were shown")
    .option('--limit <id>', 'only this limit; else every running one', readId)
    .addHelpText(
      'after',
      '\nExample:\n  npm run plimsoll -- gift-reset --member ada --limit session',
    )
    .action((options: Options, command: Command) =>
      cli.run(command, async (context) => {
        const desk = await context.desk('changing')
        const { path } = await chooseMember(desk, options, context)
        const body = options.limit === undefined ? {} : { limitId: options.limit }
        const answer = await desk.post<CreditsAnswer>(`${path}/gift-reset`, body)
        context.say(answer, () =>
          answer.credited
            .map(({ limitId, amount, unit }) => {
              const given =
                unit === 'money'
                  ? context.money(amount)
                  : `${BigInt(amount).toLocaleString('en')} ${unit}`
              return `Limit ${limitId}: ${given} given back.`
            })
            .join('\n'),
        )
      }),
    )
}
