import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../../system/clock.ts'
import { onNextTurn } from '../../system/next-turn.ts'

/**
 * A caller that has closed its sending side has either left or only said that it sends no more; TCP tells the
 * two apart when something is sent to it. Before an answer has begun that is an interim reply (102), which
 * every HTTP/1.1 client passes over: whoever has left answers it with a reset. Once an answer has begun,
 * closing is leaving, as it is for callers of HTTP/1.0, who know no interim replies.
 */
export function probeHalfClosed(
  socket: Socket,
  {
    clock,
    firstUnanswered,
  }: { readonly clock: Clock; readonly firstUnanswered: () => ServerResponse | undefined },
): void {
  let delayMs = firstDelayMs
  let cancelTimer = (): void => {}
  const probe = (): void => {
    const response = firstUnanswered()
    if (socket.destroyed || response === undefined || response.headersSent) return
    socket.write(interimReply)
    // A reset shows only when something is written again; a caller nearby has answered within a turn.
    if (delayMs === firstDelayMs) onNextTurn(probeAgain)
    cancelTimer = clock.after(delayMs, probe)
    delayMs = Math.min(delayMs * 2, lastDelayMs)
  }
  const probeAgain = (): void => {
    const response = firstUnanswered()
    if (socket.destroyed || response === undefined || response.headersSent) return
    socket.write(interimReply)
  }
  const response = firstUnanswered()
  if (response === undefined) return
  const knowsInterim = response.req.httpVersionMajor === 1 && response.req.httpVersionMinor === 1
  // A request that is not whole by now never will be.
  if (response.headersSent || !knowsInterim || !response.req.complete) {
    socket.destroy()
  } else {
    socket.once('close', () => cancelTimer())
    probe()
  }
}

const interimReply = 'HTTP/1.1 102 Processing\r\n\r\n'
const firstDelayMs = 250
const lastDelayMs = 15_000
