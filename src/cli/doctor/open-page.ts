import type { CommandContext } from '../command-line.ts'
import { safeText } from '../terminal.ts'

const openMaxMs = 10_000

/** Opens a page in the person's browser. It is only ever one that `links.ts` names. */
export async function openPage(
  url: string,
  { desktop, terminal, machine }: Pick<CommandContext, 'desktop' | 'terminal' | 'machine'>,
): Promise<boolean> {
  const [program, args] = openerOf(machine.platform, url)
  const { code } = await desktop.run(program, args, { timeoutMs: openMaxMs })
  if (code !== 0)
    terminal.writeError(`The browser could not be opened. The page is ${safeText(url)}\n`)
  return code === 0
}

function openerOf(platform: NodeJS.Platform, url: string): readonly [string, readonly string[]] {
  if (platform === 'darwin') return ['open', [url]]
  // `start` would have the shell read the address; this does not.
  if (platform === 'win32') return ['rundll32', ['url.dll,FileProtocolHandler', url]]
  return ['xdg-open', [url]]
}
