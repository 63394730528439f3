import { lazy, type ComponentType } from 'react'
import type { Role } from '../../src/admin/contract/session.ts'
import type { IconName } from './icons.tsx'

/**
 * Every page of the console: its address, who may see it, and its place in the navigation. A page is a chunk of its
 * own, loaded when it is first gone to. Add yours as one line; a `nav` puts it into the navigation, in this order.
 */
export type ConsoleRoute = {
  readonly path: string
  readonly roles: readonly Role[]
  readonly page: ComponentType
  readonly nav?: { readonly label: string; readonly icon: IconName; readonly group: NavGroup }
  /** For pages about the reader's own usage: an owner who has no seat, and the operator, have none. */
  readonly isForSeated?: boolean
}

export type NavGroup = 'own' | 'manage'

/** React wants a default export where we have named ones. */
const load = (get: () => Promise<ComponentType>): ComponentType =>
  lazy(async () => ({ default: await get() }))

const seated = { roles: ['member', 'owner'], isForSeated: true } as const
const managed = { roles: ['operator', 'owner'] } as const
const member = '/customers/:customerId/members/:memberId'

const usage = load(async () => (await import('../pages/usage/usage-page.tsx')).UsagePage)
const extraUsage = load(
  async () => (await import('../pages/extra-usage/extra-usage-page.tsx')).ExtraUsagePage,
)

export const routes: readonly ConsoleRoute[] = [
  {
    path: '/usage',
    page: usage,
    nav: { label: 'Usage', icon: 'usage', group: 'own' },
    ...seated,
  },
  {
    path: '/extra-usage',
    page: extraUsage,
    nav: { label: 'Extra usage', icon: 'extra-usage', group: 'own' },
    ...seated,
  },
  { path: `${member}/usage`, page: usage, ...managed },
  { path: `${member}/extra-usage`, page: extraUsage, ...managed },
  { path: '/customers/:customerId/extra-usage', page: extraUsage, ...managed },
]
