import { posix, win32 } from 'node:path'
import type { Machine } from '../state-folder.ts'

/** The folders that may hold `projects/`, the most likely first. `CLAUDE_CONFIG_DIR` stands for itself. */
export function configFolders({ platform, environment, home }: Machine): readonly string[] {
  const { join } = platform === 'win32' ? win32 : posix
  const named = environment['CLAUDE_CONFIG_DIR']
  if (named !== undefined && named !== '') return [named]
  const own = platform === 'win32' ? (environment['USERPROFILE'] ?? home) : home
  const general = environment['XDG_CONFIG_HOME'] ?? join(own, '.config')
  return [join(own, '.claude'), join(general, 'claude')]
}

/** The folder of `projects/` in which the sessions of a working folder are kept. */
export const projectFolderName = (workFolder: string): string =>
  workFolder.replaceAll(/[^A-Za-z0-9]/g, '-')
