import { flagOf, secretNames, type Settings } from './settings.ts'
import { shellWord } from './shell-word.ts'

type Places = Pick<Settings, 'gatewayHost' | 'gatewayPort' | 'adminHost' | 'adminPort'>

/** How the start was asked for, so that a command to paste asks for the same. */
type Asked = { readonly flags: readonly string[]; readonly settings: Places }

class ListenError extends Error {
  readonly code: string
  constructor(code: string, message: string, cause: Error) {
    super(message, { cause })
    this.code = code
  }
}

/** Why a port or an address could not be taken, with what to do; an error about something else stays as it is. */
export function listenTrouble(error: unknown, asked: Asked): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  const isListening = 'syscall' in error && /^(listen|getaddrinfo)$/.test(String(error.syscall))
  const tell = told[String(error.code)]
  if (!isListening || tell === undefined) return error
  const message = tell(sideOf(error, asked.settings), asked)
  return new ListenError(String(error.code), message, error)
}

type Side = { readonly name: 'gateway' | 'admin'; readonly host: string; readonly port: number }

function sideOf(error: Error, settings: Places): Side {
  const { gatewayHost, gatewayPort, adminHost, adminPort } = settings
  const isAdmin =
    'port' in error && typeof error.port === 'number' && gatewayPort !== adminPort
      ? error.port === adminPort
      : gatewayHost !== adminHost && named(error) === adminHost
  return isAdmin
    ? { name: 'admin', host: adminHost, port: adminPort }
    : { name: 'gateway', host: gatewayHost, port: gatewayPort }
}

const named = (error: Error): unknown =>
  'hostname' in error ? error.hostname : 'address' in error ? error.address : undefined

const told: Readonly<Record<string, (side: Side, asked: Asked) => string>> = {
  EADDRINUSE: ({ port }, asked) =>
    `Port ${port} is taken by another program. Stop that program, or choose other ports:\n  ${otherPorts(asked)}`,
  EADDRNOTAVAIL: noAddress,
  ENOTFOUND: noAddress,
  EACCES: ({ name, port }) =>
    `This user may not take port ${port}, which --${name}-port names. Choose one from 1024 on.`,
}

function noAddress({ name, host }: Side): string {
  return (
    `This machine has no address ${host}, which --${name}-host names. ` +
    'Name one of its own: 127.0.0.1 for programs on this machine alone, 0.0.0.0 for every address that it has.'
  )
}

const next = (port: number): number =>
  port === 0 ? 0 : port + 100 > 65_535 ? port - 100 : port + 100

/** The same start with other ports. A secret is not repeated. */
function otherPorts({ flags, settings }: Asked): string {
  const words: string[] = []
  for (let index = 0; index < flags.length; index++) {
    const [flag = '', ...rest] = (flags[index] ?? '').split('=')
    const following = flags[index + 1]
    const hasNext = rest.length === 0 && following !== undefined && !following.startsWith('--')
    if (hasNext) index += 1
    if (flag === '--gateway-port' || flag === '--admin-port') continue
    const value = rest.length > 0 ? rest.join('=') : hasNext ? following : undefined
    words.push(flag)
    if (value !== undefined) words.push(secretFlags.has(flag) ? '…' : shellWord(value))
  }
  words.push('--gateway-port', String(next(settings.gatewayPort)))
  words.push('--admin-port', String(next(settings.adminPort)))
  return `npm start -- ${words.join(' ')}`
}

const secretFlags: ReadonlySet<string> = new Set(secretNames.map(flagOf))

const everywhere: ReadonlySet<string> = new Set(['0.0.0.0', '::', '[::]'])

/** Two listeners of our own that would be in each other's way. */
export function portsCollide({ gatewayHost, gatewayPort, adminHost, adminPort }: Places): boolean {
  const isSameHost =
    gatewayHost === adminHost || [gatewayHost, adminHost].some((host) => everywhere.has(host))
  return gatewayPort !== 0 && gatewayPort === adminPort && isSameHost
}
