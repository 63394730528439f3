import type { Named } from './answers.ts'
import type { Role } from './session.ts'

/** What goes out about people with an account at the console, and about one's own. */

export type PersonAnswer = {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly role: Role
  readonly customer: Named | null
  readonly member: Named | null
  /** May sign in. */
  readonly isActive: boolean
  readonly createdAtMs: number
  /** When this person last used the console; null where no session is open. */
  readonly lastSeenAtMs: number | null
  /** The one who asks. */
  readonly isYou: boolean
}

export type PeopleAnswer = { readonly people: readonly PersonAnswer[] }

/** A one-time link to set a password. It is shown once: only its digest is kept. */
export type LinkAnswer = {
  readonly code: string
  /** The whole link, where the server knows how people reach it. */
  readonly url: string
  readonly expiresAtMs: number
}

export type InvitedAnswer = { readonly person: PersonAnswer; readonly link: LinkAnswer }

/** Whom a link is for. */
export type LinkOwnerAnswer = { readonly email: string; readonly name: string }

export type RemovedPersonAnswer = {
  readonly id: string
  /** False while somebody who reads an old state keeps the name in a file; `health` says when it is gone. */
  readonly isComplete: boolean
  /** Files of the data folder from before an upgrade or a restore, which may hold the name until somebody removes them. */
  readonly copies: readonly string[]
}

export type AccountAnswer = {
  readonly person: PersonAnswer
  readonly sessions: readonly SessionLine[]
}

export type SessionLine = {
  readonly id: string
  /** What the browser called itself. */
  readonly userAgent: string | null
  readonly createdAtMs: number
  readonly lastSeenAtMs: number
  /** The one that asks. */
  readonly isThis: boolean
}
