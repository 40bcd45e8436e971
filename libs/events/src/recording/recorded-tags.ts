import type { Page, PageRequest, Tags } from '@berth/manifests'
import type { RepositoryName, Tag } from '@berth/reference'
import type { Recorder } from '../recorder.ts'

/** Tags whose removal is recorded before it is acknowledged. */
export class RecordedTags implements Tags {
  readonly #tags: Tags
  readonly #recorder: Recorder

  constructor(tags: Tags, recorder: Recorder) {
    this.#tags = tags
    this.#recorder = recorder
  }

  list(repository: RepositoryName, page: PageRequest): Promise<Page<Tag>> {
    return this.#tags.list(repository, page)
  }

  async delete(repository: RepositoryName, tag: Tag): Promise<void> {
    await this.#tags.delete(repository, tag)
    await this.#recorder.record([{ action: 'delete', target: { repository, tag } }])
  }
}
