import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { compareBooks } from '../running/books.ts'
import { writeRoomyPlans } from '../running/roomy-plans.ts'
import { endServer, startServer } from '../running/server-process.ts'
import { StreamLoad } from '../running/stream-load.ts'
import { memoryFolder } from './memory-folder.ts'
import { seededDraw } from './seeded-draw.ts'

export type ServerKillRun = {
  readonly count: number
  readonly seed: number
  readonly onProgress: (done: number) => void
}

export type ServerKillOutcome = {
  readonly kills: number
  readonly replies: number
  readonly lost: readonly string[]
  readonly deniedFalsely: readonly string[]
  readonly broken: readonly string[]
}

const killsPerFolder = 6
const clients = 8
const serversAtOnce = 2
/** Up to so many replies begin before the next kill. */
const repliesMax = 24

/** The whole server, killed again and again while clients stream through it, and its books afterwards. */
export async function runServerKills(run: ServerKillRun): Promise<ServerKillOutcome> {
  const total = { kills: 0, replies: 0, lost: [], deniedFalsely: [], broken: [] } as Total
  const folders = Math.ceil(run.count / killsPerFolder)
  let next = 0
  const inTurn = async (): Promise<void> => {
    while (next < folders) {
      const index = next
      next += 1
      const kills = Math.min(killsPerFolder, run.count - index * killsPerFolder)
      await killOneFolder({ kills, draw: seededDraw(run.seed * 1_000_003 + index), run }, total)
    }
  }
  await Promise.all(Array.from({ length: serversAtOnce }, inTurn))
  return total
}

type Total = {
  kills: number
  replies: number
  lost: string[]
  deniedFalsely: string[]
  broken: string[]
}

type FolderRun = {
  readonly kills: number
  readonly draw: (below: number) => number
  readonly run: ServerKillRun
}

async function killOneFolder({ kills, draw, run }: FolderRun, total: Total): Promise<void> {
  const root = memoryFolder('server-kill')
  const folder = join(root, 'data')
  const flags = writeRoomyPlans(join(root, 'plans.json'))
  const load = new StreamLoad(() => 1 + draw(60))
  let demoKey = ''
  try {
    for (let kill = 0; kill < kills; kill += 1) {
      const server = await startServer({ folder, flags })
      demoKey ||= server.demoKey
      const { gatewayUrl } = server
      load.moveTo({ gatewayUrl, demoKey })
      if (kill === 0) load.start(clients)
      await load.begun(load.beganCount + 1 + draw(repliesMax))
      await endServer(server)
      load.moveTo(null)
      total.kills += 1
      run.onProgress(total.kills)
    }
    const report = await load.end()
    const books = await compareBooks(folder, report.told, 'at_once')
    total.replies += report.told.length
    total.lost.push(...books.missing)
    total.deniedFalsely.push(...report.denied)
    total.broken.push(...report.wrong, ...books.unsound)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
