import { apiMark } from '../admin/callers/guards.ts'
import { CliFailure, exitCodes } from './exit-codes.ts'

/**
 * Where commands are sent: the admin API, over the network or within this process. Both speak the same
 * requests and answers, so a command does not know which one it has.
 */
export type Desk = {
  /** Where it is, for people: the server's address, or the data folder. */
  readonly place: string
  /** A command left, and no answer said what became of it. */
  readonly hasUnknownOutcome: boolean
  get<Answer>(path: string): Promise<Answer>
  post<Answer>(path: string, body: unknown): Promise<Answer>
  /** Reads a file, and hands on each of its lines as it arrives. */
  getLines(path: string, onLine: (line: string) => void): Promise<void>
  /** Sends a command whose answer comes in lines of JSON, and hands on each as it arrives. */
  postForLines(path: string, body: unknown, onLine: (line: unknown) => void): Promise<void>
  close(): Promise<void>
}

/** Reading also works on the data folder of a server that is stopped; changing needs the server. */
export type DeskUse = 'reading' | 'changing'

export type DeskParts = {
  readonly fetch: (request: Request) => Promise<Response>
  readonly baseUrl: string
  readonly token: string
  /** Belongs to this command: sending it again under this key cannot do it twice. */
  readonly idempotencyKey: string
  readonly place: string
  readonly close: () => Promise<void>
}

export function openDesk(parts: DeskParts): Desk {
  let hasUnknownOutcome = false
  const send = async (method: string, path: string, body?: unknown): Promise<Response> => {
    const isCommand = method === 'POST'
    const request = new Request(`${parts.baseUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${parts.token}`,
        ...(isCommand
          ? { 'content-type': 'application/json', 'idempotency-key': parts.idempotencyKey }
          : {}),
      },
      ...(isCommand ? { body: JSON.stringify(body) } : {}),
    })
    hasUnknownOutcome = isCommand
    const response = await parts.fetch(request).catch((cause: unknown) => {
      throw serverAway(parts.baseUrl, cause)
    })
    if (response.status < 500) hasUnknownOutcome = false
    if (response.headers.get(apiMark.name) !== apiMark.value) throw notPlimsoll(response)
    if (!response.ok) throw await failureFrom(response)
    return response
  }

  return {
    place: parts.place,
    get hasUnknownOutcome() {
      return hasUnknownOutcome
    },
    get: async <Answer>(path: string) => read<Answer>(await send('GET', path)),
    post: async <Answer>(path: string, body: unknown) =>
      read<Answer>(await send('POST', path, body)),
    getLines: async (path, onLine) => {
      for await (const line of linesOf(await send('GET', path))) onLine(line)
    },
    postForLines: async (path, body, onLine) => {
      const response = await send('POST', path, body)
      for await (const line of linesOf(response)) onLine(JSON.parse(line))
    },
    close: parts.close,
  }
}

const read = async <Answer>(response: Response): Promise<Answer> =>
  (await response.json()) as Answer

async function* linesOf(response: Response): AsyncGenerator<string> {
  let rest = ''
  for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') yield line
  }
  if (rest !== '') yield rest
}

function serverAway(baseUrl: string, cause: unknown): CliFailure {
  const failure = new CliFailure(exitCodes.serverAway, {
    code: 'server_away',
    message: `The server at ${baseUrl} does not answer.`,
    remedy: 'See whether it runs: npm run plimsoll -- status. Start it: npm start.',
  })
  failure.cause = cause
  return failure
}

async function failureFrom(response: Response): Promise<CliFailure> {
  const answer: unknown = await response.json().catch(() => undefined)
  const { code, message, remedy } = fieldsOf(fieldsOf(answer)['error'])
  if (typeof code !== 'string' || typeof message !== 'string' || typeof remedy !== 'string') {
    return notPlimsoll(response)
  }
  const isCredential = response.status === 401 || code === 'operator_only'
  const exitCode = isCredential ? exitCodes.notAllowed : exitCodes.failed
  return new CliFailure(exitCode, { code, message, remedy })
}

/** The fields of an object; anything else has none. */
const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : {}

const notPlimsoll = (response: Response): CliFailure =>
  new CliFailure(exitCodes.failed, {
    code: 'not_plimsoll',
    message: `What answers there (HTTP ${response.status}) is not Plimsoll's admin API.`,
    remedy:
      'Check the address: it is the one that the server prints as its page, and not the gateway.',
  })
