import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * The big programs that some tests drive, where they are installed. A test that needs one says so with
 * `skip: clientLeftOut()`, and the end of `npm test` repeats what was left out and how to include it.
 */

export const clientVersion = '2.1.330'

const root = join(import.meta.dirname, '..', '..')
export const clientPackage = `@anthropic-ai/claude-code-${process.platform}-${process.arch}`
export const clientFolder = join(root, '.cache', `claude-code-${clientVersion}`)

/** The pinned Claude Code client; `npm test` installs it in CI and when asked to. */
export function clientBinary(): string | undefined {
  const name = process.platform === 'win32' ? 'claude.exe' : 'claude'
  const path = join(clientFolder, 'node_modules', ...clientPackage.split('/'), name)
  return existsSync(path) ? path : undefined
}

const chromiumNames = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const macChromium = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'

/** A Chromium or Chrome of this machine. */
export function chromiumBinary(): string | undefined {
  return onPath(chromiumNames) ?? (existsSync(macChromium) ? macChromium : undefined)
}

function onPath(names: readonly string[]): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const candidates = folders.flatMap((folder) => names.map((name) => join(folder, name)))
  return candidates.find((path) => existsSync(path))
}

/** Why a test of the real client is left out, or false when it can run. */
export function clientLeftOut(): string | false {
  if (clientBinary() !== undefined) return false
  return 'the real Claude Code client (380 MB); run `npm test -- --with-client` to include it'
}

/** Why a test of the client in a terminal is left out, or false when it can run. */
export function clientScreenLeftOut(): string | false {
  const clientLacks = clientLeftOut()
  if (clientLacks !== false) return clientLacks
  const hasTmux = onPath(['tmux']) !== undefined
  return hasTmux ? false : 'a terminal for the real client; install tmux to include it'
}

/** Why a browser test is left out, or false when it can run. */
export function chromiumLeftOut(): string | false {
  if (chromiumBinary() !== undefined) return false
  return 'a browser; install Chromium or Chrome to include it'
}
