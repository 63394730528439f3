import { openAdminWorld, type AdminWorld, type Answered } from './admin-world.ts'

/** People at the console of an admin world: their sessions are cookies, as a browser of their own would send them. */

export const goodPassword = 'kettle willow orbit 7'

export type Visitor = {
  /** What this visitor's browser keeps; empty before anybody signed in. */
  readonly cookie: () => string
  call(method: string, path: string, sent?: Sent): Promise<Answered>
}
type Sent = {
  readonly body?: unknown
  /** The body as it is sent, where it is not JSON of a value. */
  readonly text?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** A browser on the server's own page. */
export function visit(admin: AdminWorld): Visitor {
  let cookie = ''
  return {
    cookie: () => cookie,
    call: async (method, path, { body = {}, text, headers = {} } = {}) => {
      const answered = await admin.call(method, path, {
        token: null,
        body,
        ...(text === undefined ? {} : { text }),
        headers: sentOf({
          origin: admin.admin.url,
          'sec-fetch-site': 'same-origin',
          cookie,
          ...headers,
        }),
      })
      for (const set of answered.headers.getSetCookie()) {
        const pair = set.split(';')[0] ?? ''
        cookie = /Max-Age=0/.test(set) ? '' : pair
      }
      return answered
    },
  }
}

/** An empty one is not sent at all. */
const sentOf = (headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''))

export type Standing = {
  readonly role: 'operator' | 'owner' | 'member'
  readonly customerId?: string
  readonly memberId?: string
}

/** An account with the good password, made as people make one: invited, and the link used. */
export async function addPerson(
  admin: AdminWorld,
  email: string,
  standing: Standing,
): Promise<{ readonly id: string; readonly visitor: Visitor }> {
  const body = { email, name: `Name of ${email.split('@')[0]}`, ...standing }
  const invited = await admin.call('POST', '/api/people', { body })
  if (invited.status !== 200) throw new Error(invited.text)
  const visitor = visit(admin)
  const used = await visitor.call('POST', '/api/session/link/password', {
    body: { code: invited.json.link.code, password: goodPassword },
  })
  if (used.status !== 200) throw new Error(used.text)
  return { id: invited.json.person.id, visitor }
}

export { openAdminWorld, type AdminWorld }
