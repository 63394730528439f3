import { useEffect, useSyncExternalStore } from 'react'
import { ApiFailure, open } from './api.ts'
import { queries } from './queries.ts'
import { openRefresher } from './refresher.ts'
import { serverNowMs } from './server-clock.ts'

/**
 * Whether what is on screen is current. The server's events carry a journal position and no figures: whatever is
 * shown is then asked for anew. The line is lost when it breaks or is silent for longer than two heartbeats, and is
 * taken up again with growing waits. Also a read that failed makes the page stale, though the line may stand.
 */
export type Live =
  | { readonly state: 'connecting' }
  | { readonly state: 'live' }
  | { readonly state: 'stale'; readonly sinceMs: number }

// The server sends a heartbeat every 15 s.
const silenceMaxMs = 35_000
const retryFirstMs = 500
const retryMaxMs = 10_000

let live: Live = { state: 'connecting' }
const listeners = new Set<() => void>()

export const useLive = (): Live =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => live,
  )

function setLive(isLive: boolean): void {
  const next: Live = isLive
    ? { state: 'live' }
    : live.state === 'stale'
      ? live
      : { state: 'stale', sinceMs: serverNowMs() }
  if (next === live || (next.state === 'live' && live.state === 'live')) return
  live = next
  for (const listener of listeners) listener()
}

/** Listens while the component is there; the shell does, once. @param path Of the event stream, such as "me/events". */
export function useLiveChanges(path: string): void {
  useEffect(() => listen(path), [path])
}

function listen(path: string): () => void {
  const stopping = new AbortController()
  let isLineUp = false
  const refresher = openRefresher(() => setLive(isLineUp && !refresher.hasFailed()))
  const hear = (isUp: boolean): void => {
    isLineUp = isUp
    setLive(isUp && !refresher.hasFailed())
  }

  const run = async (): Promise<void> => {
    let retryMs = retryFirstMs
    while (!stopping.signal.aborted) {
      try {
        await stream(path, stopping.signal, {
          onBytes: () => {
            retryMs = retryFirstMs
            hear(true)
          },
          onChange: () => refresher.change(),
        })
      } catch (error) {
        if (stopping.signal.aborted) return
        // Who is signed in says what a refusal means for the reader, at once and also where nothing else is shown.
        if (ApiFailure.of(error).status === 401) {
          void queries.invalidateQueries({ queryKey: ['session'] })
        }
      }
      if (stopping.signal.aborted) return
      hear(false)
      await new Promise((resolve) => setTimeout(resolve, retryMs))
      retryMs = Math.min(retryMaxMs, retryMs * 2)
    }
  }
  void run()
  return () => {
    stopping.abort()
    refresher.close()
    live = { state: 'connecting' }
  }
}

type Hearing = { readonly onBytes: () => void; readonly onChange: () => void }

/** A stream of our own instead of EventSource, which can send no key, and says nothing of a refusal or a silence. */
async function stream(path: string, stop: AbortSignal, hearing: Hearing): Promise<void> {
  const silence = new AbortController()
  let timer = setTimeout(() => silence.abort(), silenceMaxMs)
  try {
    const response = await open(path, {
      headers: { accept: 'text/event-stream' },
      signal: AbortSignal.any([stop, silence.signal]),
    })
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    let rest = ''
    while (reader !== undefined) {
      const { value, done } = await reader.read()
      if (done) return
      clearTimeout(timer)
      timer = setTimeout(() => silence.abort(), silenceMaxMs)
      hearing.onBytes()
      const events = (rest + value).split('\n\n')
      rest = events.pop() ?? ''
      if (events.some((event) => event.includes('data:'))) hearing.onChange()
    }
  } finally {
    clearTimeout(timer)
  }
}
