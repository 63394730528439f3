import type { ComponentType } from 'react'
import type { Role } from '../../src/admin/contract/session.ts'
import { part } from '../data/part.ts'
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

const seated = { roles: ['member', 'owner'], isForSeated: true } as const
const managed = { roles: ['operator', 'owner'] } as const
const operators = { roles: ['operator'] } as const
const member = '/customers/:customerId/members/:memberId'

const usage = part(async () => (await import('../pages/usage/usage-page.tsx')).UsagePage)
const extraUsage = part(
  async () => (await import('../pages/extra-usage/extra-usage-page.tsx')).ExtraUsagePage,
)
const history = part(async () => (await import('../pages/history/history-page.tsx')).HistoryPage)
const refused = part(async () => (await import('../pages/refused/refused-page.tsx')).RefusedPage)
const connect = part(async () => (await import('../pages/connect/connect-page.tsx')).ConnectPage)

const overview = part(
  async () => (await import('../pages/overview/overview-page.tsx')).OverviewPage,
)
const decisions = part(
  async () => (await import('../pages/decisions/decisions-page.tsx')).DecisionsPage,
)
const decision = part(
  async () => (await import('../pages/decisions/decision-page.tsx')).DecisionPage,
)
const audit = part(async () => (await import('../pages/audit/audit-page.tsx')).AuditPage)
const settings = part(
  async () => (await import('../pages/settings/settings-page.tsx')).SettingsPage,
)
const storage = part(async () => (await import('../pages/storage/storage-page.tsx')).StoragePage)
const account = part(async () => (await import('../pages/account/account-page.tsx')).AccountPage)
const people = part(async () => (await import('../pages/people/people-page.tsx')).PeoplePage)

const customers = part(
  async () => (await import('../pages/customers/customers-page.tsx')).CustomersPage,
)
const customer = part(
  async () => (await import('../pages/customers/customer-page.tsx')).CustomerPage,
)
const memberPage = part(async () => (await import('../pages/member/member-page.tsx')).MemberPage)
const plans = part(async () => (await import('../pages/plans/plans-page.tsx')).PlansPage)

export const routes: readonly ConsoleRoute[] = [
  {
    path: '/overview',
    page: overview,
    nav: { label: 'Overview', icon: 'overview', group: 'manage' },
    ...operators,
  },
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
  {
    path: '/history',
    page: history,
    nav: { label: 'History', icon: 'history', group: 'own' },
    ...seated,
  },
  {
    path: '/refused',
    page: refused,
    nav: { label: 'Refused wrongly?', icon: 'refused', group: 'own' },
    ...seated,
  },
  {
    path: '/connect',
    page: connect,
    nav: { label: 'Connect', icon: 'connect', group: 'own' },
    ...seated,
  },
  { path: `${member}/history`, page: history, ...managed },
  { path: '/customers/:customerId/history', page: history, ...managed },
  { path: `${member}/usage`, page: usage, ...managed },
  { path: `${member}/extra-usage`, page: extraUsage, ...managed },
  { path: '/customers/:customerId/extra-usage', page: extraUsage, ...managed },
  {
    path: '/customers',
    page: customers,
    nav: { label: 'Customers', icon: 'customers', group: 'manage' },
    ...operators,
  },
  {
    path: '/customer',
    page: customer,
    nav: { label: 'Account', icon: 'customers', group: 'manage' },
    roles: ['owner'],
  },
  { path: '/customers/:customerId', page: customer, ...managed },
  { path: member, page: memberPage, ...managed },
  {
    path: '/plans',
    page: plans,
    nav: { label: 'Plans', icon: 'plans', group: 'manage' },
    ...operators,
  },
  {
    path: '/decisions',
    page: decisions,
    nav: { label: 'Decisions', icon: 'decisions', group: 'manage' },
    ...operators,
  },
  { path: '/decisions/:decisionId', page: decision, ...operators },
  {
    path: '/audit',
    page: audit,
    nav: { label: 'Audit log', icon: 'audit', group: 'manage' },
    ...operators,
  },
  {
    path: '/settings',
    page: settings,
    nav: { label: 'Settings', icon: 'settings', group: 'manage' },
    ...operators,
  },
  {
    path: '/storage',
    page: storage,
    nav: { label: 'Storage', icon: 'storage', group: 'manage' },
    ...operators,
  },
  {
    path: '/people',
    page: people,
    nav: { label: 'People', icon: 'people', group: 'manage' },
    ...managed,
  },
  { path: '/account', page: account, roles: ['operator', 'owner', 'member'] },
]
