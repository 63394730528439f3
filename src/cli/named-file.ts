/** Why a file that somebody named cannot be read, in words that need no knowledge of the system's own. */
export function unreadableFile(path: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return `There is no file ${path}.`
    case 'EISDIR':
      return `${path} is a folder.`
    case 'EACCES':
    case 'EPERM':
      return `You may not read ${path}.`
    default:
      return `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`
  }
}
