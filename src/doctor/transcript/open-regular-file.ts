import { closeSync, constants, fstatSync, openSync } from 'node:fs'

/** Why a file is not read. A pipe would hang, a device has no end, and a link may lead anywhere. */
export class NotRegularError extends Error {
  readonly path: string

  constructor(path: string) {
    super(`${path} is not a regular file, so it is not read.`)
    this.path = path
  }
}

/** Opens a regular file only, and decides so on what was opened. */
export function openRegularFile(path: string): { readonly handle: number; readonly bytes: number } {
  // On Windows the last two are not there, and an absent flag counts as none.
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  const handle = openLink(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  const status = fstatSync(handle)
  if (status.isFile()) return { handle, bytes: status.size }
  closeSync(handle)
  throw new NotRegularError(path)
}

function openLink(path: string, flags: number): number {
  try {
    return openSync(path, flags)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ELOOP' || code === 'EMLINK' || code === 'ENXIO') throw new NotRegularError(path)
    throw error
  }
}
