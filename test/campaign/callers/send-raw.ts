import { connect } from 'node:net'

/** What a server did with raw bytes: everything it sent until it closed, or that it never closed. */
export type RawOutcome = {
  readonly text: string
  readonly isHung: boolean
}

/** Far above what any input takes; a server that needs it waits for something that never comes. */
const hangMs = 20_000

/** Sends bytes, says that no more come, and reads until the server has closed. */
export function sendRaw(url: string, bytes: Buffer): Promise<RawOutcome> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
    const finish = (isHung: boolean): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ text: Buffer.concat(chunks).toString('latin1'), isHung })
    }
    const timer = setTimeout(() => finish(true), hangMs)
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    // A server may reset a connection on which it leaves something unread.
    socket.on('error', () => finish(false))
    socket.on('close', () => finish(false))
    socket.on('end', () => finish(false))
    socket.on('connect', () => socket.end(bytes))
  })
}

/** The status of every final reply in what a server sent. A body of JSON or events holds no such line. */
export function statusesIn(text: string): readonly number[] {
  return [...text.matchAll(/(?:^|\n|\})HTTP\/1\.1 (\d{3})/g)]
    .map(([, digits]) => Number(digits))
    .filter((status) => status >= 200)
}
