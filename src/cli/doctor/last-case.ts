import { findRefusal, type Examination, type Finding } from '../../doctor/examine.ts'
import { forgetTold, keepCase, readCase, type KeptCase } from '../../doctor/figures/case-file.ts'
import { stateFolder } from '../../doctor/state-folder.ts'
import type { Figure } from '../../doctor/verdict/evidence.ts'
import type { CommandContext } from '../command-line.ts'
import { isOfNamed, whereTold, type DoctorOptions } from './given.ts'

/**
 * The case that was looked at last, so that what the steps say works as it stands: `doctor --report` is of the same
 * refusal with the same figures, and `doctor --after` compares with them.
 */
export type LastCase = {
  readonly finding: Finding
  readonly figures: readonly Figure[]
  /** A case that was told counts as of the moment when it was told. */
  readonly atMs: number | undefined
}

const toldForMs = 24 * 60 * 60 * 1000

export function lastCase(
  options: DoctorOptions,
  finding: Finding,
  { clock, machine }: CommandContext,
): LastCase | undefined {
  if (options.report === undefined || isOfNamed(options)) return undefined
  const folder = stateFolder(machine)
  const refusal = finding.session?.refusal
  const told = readCase(folder, 'told')
  const isLast = told !== undefined && told.atMs > (refusal?.atMs ?? clock.wallMs() - toldForMs)
  if (isLast && told.message !== undefined) {
    const { atMs, figures, message } = told
    return { finding: findRefusal(whereTold(message), atMs), figures, atMs }
  }
  const look = readCase(folder)
  if (look === undefined || refusal === undefined) return undefined
  const isSame = look.message === refusal.text && look.atMs >= (refusal.atMs ?? Infinity)
  const figures = look.figures.filter(({ source }) => source.kind === 'person')
  return isSame ? { finding, figures, atMs: undefined } : undefined
}

/** That it cannot be kept is no reason to say nothing else. */
export function keepLastCase(
  options: DoctorOptions,
  found: Examination,
  { machine }: CommandContext,
): void {
  const folder = stateFolder(machine)
  const kept: KeptCase = {
    atMs: found.atMs,
    verdict: found.verdict.ruling,
    message: found.refusal?.text,
    figures: found.figures,
  }
  try {
    if (options.message !== undefined) keepCase(folder, kept, 'told')
    else if (found.refusal !== undefined) forgetTold(folder)
    if (kept.figures.length > 0) keepCase(folder, kept)
  } catch {
    return
  }
}
