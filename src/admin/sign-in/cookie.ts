import type { Context } from 'hono'
import { sessionMaxMs, type Sessions } from './sessions.ts'

/**
 * What a browser is told about the cookie of a session: no script reads it, and no other site's page makes use of it.
 * Reached under the public address, it is for that address' path alone, and for https where that is.
 */
type Place = { readonly sessions: Sessions; readonly publicUrl: URL | null }

export function setSessionCookie(c: Context, place: Place, cookie: string): void {
  put(c, place, `${cookie}; Max-Age=${sessionMaxMs / 1000}`)
}

export function clearSessionCookie(c: Context, place: Place): void {
  put(c, place, `${place.sessions.cookieName}=; Max-Age=0`)
}

function put(c: Context, { publicUrl }: Place, cookie: string): void {
  const isPublic = publicUrl !== null && isReachedBy(c, publicUrl)
  const path = isPublic ? publicUrl.pathname.replace(/(?<=.)\/+$/, '') : '/'
  const secure = isPublic && publicUrl.protocol === 'https:' ? '; Secure' : ''
  c.header('set-cookie', `${cookie}; Path=${path}; HttpOnly; SameSite=Strict${secure}`, {
    append: true,
  })
}

const isReachedBy = (c: Context, publicUrl: URL): boolean =>
  c.req.header('host')?.toLowerCase() === publicUrl.host.toLowerCase() ||
  c.req.header('origin')?.toLowerCase() === publicUrl.origin.toLowerCase()
