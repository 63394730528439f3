import type { Page } from 'playwright-core'
import type { ConsoleWorld, WindowOptions } from './console-world.ts'
import { addPerson } from './sign-in-world.ts'

/** A window in which an operator with an account of its own is signed in. */
export async function openAsOperator(
  { admin, open }: ConsoleWorld,
  hash: string,
  options: WindowOptions = {},
): Promise<Page> {
  const { visitor } = await addPerson(admin, 'olga@example.com', { role: 'operator' })
  return open(hash, { ...options, extraHTTPHeaders: { cookie: visitor.cookie() } })
}
