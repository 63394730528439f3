import type { CustomerId } from '../../core/ids.ts'

/**
 * What an owner may do, all of it about the own customer: read everything, and these commands. Money comes in by the
 * operator alone, and so do plans and exceptions. What is not here is not allowed.
 */
const member = 'members/[^/]+'
const commands: readonly RegExp[] = [
  'extra-usage',
  'spend-cap',
  'auto-reload',
  'members',
  `${member}/status`,
  `${member}/extra-usage`,
  `${member}/spend-cap`,
  `${member}/keys`,
  `${member}/keys/[^/]+/(?:name|rotate|revoke)`,
  'keys/[^/]+/(?:name|rotate|revoke)',
  'people',
  'people/[^/]+/(?:link|status|remove)',
].map((path) => new RegExp(`^${path}$`))

/** Of the plans an owner is told those of the own customer: seating needs them. */
const readable: ReadonlySet<string> = new Set(['/api/plans'])

export function isOwnersRoute(
  { method, path }: { readonly method: string; readonly path: string },
  customerId: CustomerId,
): boolean {
  const isReading = method === 'GET' || method === 'HEAD'
  if (isReading && readable.has(path)) return true
  const own = `/api/customers/${customerId}`
  if (isReading) return path === own || path.startsWith(`${own}/`)
  return (
    path.startsWith(`${own}/`) &&
    commands.some((command) => command.test(path.slice(own.length + 1)))
  )
}
