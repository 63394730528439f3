import { cpSync, globSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mutate, readSource, root, type Mutant } from './mutant.ts'

/** A copy of the project in a folder of its own, in which one mutant at a time lives. */
export class MutantTree {
  readonly folder: string
  /** Where its tests put their files, so that those of a test that was ended go with the tree. */
  readonly temporary: string

  constructor(folder: string) {
    this.folder = folder
    this.temporary = join(folder, 't')
    mkdirSync(this.temporary, { recursive: true })
    const files = globSync(['*.{md,json}', '.*.json', 'LICENSE', '.npmrc'], { cwd: root })
    const parts = ['src', 'test', 'scripts', 'bench', 'docs', ...files]
    for (const part of parts) cpSync(join(root, part), join(folder, part), { recursive: true })
    symlinkSync(realpathSync(join(root, 'node_modules')), join(folder, 'node_modules'), 'junction')
  }

  /** Puts the bug in, runs the work, and takes it out again. */
  async with<Answer>(mutant: Mutant, work: () => Promise<Answer>): Promise<Answer> {
    const changed = mutate(mutant, readSource)
    try {
      for (const [path, text] of changed) writeFileSync(join(this.folder, path), text)
      return await work()
    } finally {
      for (const path of changed.keys()) {
        writeFileSync(join(this.folder, path), readSource(path))
      }
    }
  }
}
