import { commonPasswords } from './common-passwords.ts'

/** Long enough not to be guessed, and nothing about what it is made of: rules of that kind make passwords worse. */
export const passwordLengthMin = 12
export const passwordLengthMax = 128

/** Why this may not be a password, in words; undefined where it may. */
export function passwordProblem(password: string, email: string): string | undefined {
  const length = Array.from(password).length
  if (length < passwordLengthMin) return `a password has at least ${passwordLengthMin} characters`
  if (password.length > passwordLengthMax) {
    return `a password has at most ${passwordLengthMax} characters`
  }
  const plain = password.normalize('NFKC').toLowerCase()
  const [name = ''] = email.toLowerCase().split('@')
  if (plain === email.toLowerCase() || isRepeated(plain, name)) {
    return 'the password may not be the e-mail address'
  }
  if (commonPasswords.has(plain) || isPattern(plain)) {
    return 'this password is among the first that are guessed; choose another'
  }
  return undefined
}

/** "annann annann": nothing but one word. */
const isRepeated = (text: string, word: string): boolean =>
  word.length > 0 && text.replaceAll(word, '').replaceAll(/[^\p{L}\p{N}]/gu, '') === ''

/** One or two characters over and over, or a run along the alphabet, the digits or the keyboard. */
function isPattern(text: string): boolean {
  if (new Set(text).size <= 2) return true
  const runs = ['0123456789'.repeat(3), 'abcdefghijklmnopqrstuvwxyz', 'qwertyuiopasdfghjklzxcvbnm']
  return runs.some(
    (run) => run.includes(text) || Array.from(run).toReversed().join('').includes(text),
  )
}
