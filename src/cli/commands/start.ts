import type { Command } from 'commander'
import type { CommandLine } from '../command-line.ts'

/** `plimsoll start`: the server in this terminal, the same as `npm start`. */
export function addStartCommand(program: Command, cli: CommandLine): void {
  program
    .command('start')
    .description(
      'start the server in this terminal; settings as flags, for example --gateway-port 4280',
    )
    .argument('[settings...]')
    .allowUnknownOption()
    .addHelpText(
      'after',
      '\nExample:\n  npm run plimsoll -- start --gateway-port 4280\n\nEvery setting: npm start -- --help',
    )
    .action((settings: readonly string[], _options: object, command: Command) => {
      // These two are options of every command, so they do not stand among the rest.
      const { dataFolder, adminUrl } = command.optsWithGlobals<Shared>()
      const folder = dataFolder === undefined ? [] : ['--data-folder', dataFolder]
      const url = adminUrl === undefined ? [] : ['--admin-url', adminUrl]
      return cli.startServer([...settings, ...folder, ...url])
    })
}

type Shared = { readonly dataFolder?: string; readonly adminUrl?: string }
