import { asFields, objectsIn, textOf } from '../../doctor/transcript/json-fields.ts'
import type { CommandContext } from '../command-line.ts'

/** What one small request of the person's own client came to. */
export type Probe =
  | { readonly kind: 'answered' }
  | { readonly kind: 'refused'; readonly message: string }
  /** The client is not there, or did not end in time. */
  | { readonly kind: 'failed' }

const probeMaxMs = 90_000
const probeArgs = ['-p', 'ok', '--max-turns', '1', '--output-format', 'json']

/** What a probe costs, to be said before the first one. */
export const probeCost =
  'A probe is one real request of your client (claude -p ok): about a cent at list prices, from your plan if it has room, else from extra usage.'

export async function probe(
  client: string,
  { desktop, folder }: Pick<CommandContext, 'desktop' | 'folder'>,
): Promise<Probe> {
  const { code, output } = await desktop.run(client, probeArgs, { timeoutMs: probeMaxMs, folder })
  const result = output
    .split('\n')
    .flatMap((line) => objectsIn(line.trim()))
    .find((record) => asFields(record)?.['type'] === 'result')
  if (result === undefined) return { kind: 'failed' }
  if (code === 0 && result['is_error'] !== true) return { kind: 'answered' }
  return { kind: 'refused', message: textOf(result, 'result') ?? 'refused without words' }
}
