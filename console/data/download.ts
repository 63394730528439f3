import { open } from './api.ts'

/** Saves what the server answers as a file of the reader's; a plain link could not carry a key. */
export async function download(relative: string, fileName: string): Promise<void> {
  const response = await open(relative, { method: 'GET' })
  saveFile(await response.blob(), fileName)
}

export function saveFile(content: Blob, fileName: string): void {
  const url = URL.createObjectURL(content)
  const link = document.createElement('a')
  link.href = url
  link.download = fileName
  link.click()
  URL.revokeObjectURL(url)
}
