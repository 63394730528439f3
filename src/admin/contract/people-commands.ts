import { z } from 'zod'
import { customerId, memberId } from '../../core/ids.ts'
import { idText, name } from './commands.ts'

/** What comes in about signing in and about people. */

/** E-mail addresses are compared in lower case, everywhere. */
const email = z
  .string('an e-mail is text')
  .trim()
  .max(254, 'an e-mail has at most 254 characters')
  .transform((text) => text.toLowerCase())
  .pipe(z.email('this is no e-mail address'))

/** What is wrong with a new one is said by the password rules. */
const password = z.string('a password is text').min(1, 'write a password').max(1000)
const code = z.string('the code is text').min(1).max(200)

export const signInSchema = z.strictObject({ email, password })
export const setUpSchema = z.strictObject({
  /** Not needed with the operator token. */
  code: code.exactOptional(),
  email,
  name,
  password,
})
export const linkSchema = z.strictObject({ code })
export const useLinkSchema = z.strictObject({ code, password })
export const changePasswordSchema = z.strictObject({ current: password, next: password })

const standing = {
  role: z.enum(['operator', 'owner', 'member'], 'a role is operator, owner or member'),
  customerId: idText.transform(customerId).nullable().default(null),
  memberId: idText.transform(memberId).nullable().default(null),
}
type Standing = { role: string; customerId: string | null; memberId: string | null }

const fits = ({ role, customerId: customer, memberId: member }: Standing): boolean =>
  role === 'operator'
    ? customer === null && member === null
    : customer !== null && (role === 'owner' || member !== null)

const standingMistake = {
  message: 'an operator has no customer, an owner has one and may have a member, a member has both',
  path: ['role'],
}

export const invitePersonSchema = z
  .strictObject({ email, name, ...standing })
  .refine(fits, standingMistake)
export const changeRoleSchema = z.strictObject(standing).refine(fits, standingMistake)
