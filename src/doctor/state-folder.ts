import { posix, win32 } from 'node:path'

/** The machine and its user, as values, so that the paths of each system can be tried on any. */
export type Machine = {
  readonly platform: NodeJS.Platform
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly home: string
}

/** Where the doctor keeps what it needs between two looks: private to the user, apart from any project. */
export function stateFolder({ platform, environment, home }: Machine): string {
  if (platform === 'win32') {
    const local = environment['LOCALAPPDATA'] ?? win32.join(home, 'AppData', 'Local')
    return win32.join(local, 'plimsoll', 'doctor')
  }
  if (platform === 'darwin') {
    return posix.join(home, 'Library', 'Application Support', 'plimsoll', 'doctor')
  }
  const state = environment['XDG_STATE_HOME']
  const base = state !== undefined && state !== '' ? state : posix.join(home, '.local', 'state')
  return posix.join(base, 'plimsoll', 'doctor')
}
