import type { SignedIn } from '../data/session.ts'
import { routes, type ConsoleRoute } from './routes.tsx'

/** The pages that a reader may go to. */
export const routesFor = ({ role, member }: SignedIn): readonly ConsoleRoute[] =>
  routes.filter(
    (route) =>
      route.roles.includes(role) &&
      (route.isForSeated !== true || role === 'member' || member !== null),
  )

/** Where a reader starts: at the first page of its navigation. */
export function homeOf(session: SignedIn): string {
  return routesFor(session).find(({ nav }) => nav !== undefined)?.path ?? '/'
}
