import { samplesText, type Labels } from './exposition.ts'

export interface FamilyOptions {
  readonly name: string
  readonly help: string
  readonly labels?: readonly string[]
}

/** Everything of one name. A child per set of label values; keep it, since finding it again costs more than counting. */
export interface Family {
  readonly name: string
  /** In Prometheus's text format. */
  render(): string
}

/** Something that only grows. */
export interface Counter {
  add(amount?: number): void
}

/** Something that goes up and down. */
export interface Gauge {
  add(amount?: number): void
  set(value: number): void
}

/** How often values were how large. */
export interface Histogram {
  observe(value: number): void
}

class Cell implements Gauge {
  value = 0

  add(amount = 1): void {
    this.value += amount
  }

  set(value: number): void {
    this.value = value
  }
}

/** Children by their label values, made when first asked for and kept: label values must be few. */
abstract class Labelled<Child> implements Family {
  readonly name: string
  readonly #help: string
  readonly #type: string
  readonly #labels: readonly string[]
  readonly #children = new Map<string, { labels: Labels; child: Child }>()

  constructor({ name, help, labels = [] }: FamilyOptions, type: string) {
    this.name = name
    this.#help = help
    this.#labels = labels
    this.#type = type
  }

  /** @param values in the order of the family's labels */
  child(...values: readonly string[]): Child {
    const key = values.join('\0')
    let found = this.#children.get(key)
    if (found === undefined) {
      const labels = this.#labels.map((label, index) => [label, values[index] ?? ''] as const)
      found = { labels, child: this.create() }
      this.#children.set(key, found)
    }
    return found.child
  }

  render(): string {
    let text = `# HELP ${this.name} ${this.#help}\n# TYPE ${this.name} ${this.#type}\n`
    for (const { labels, child } of this.#children.values()) text += this.renderChild(labels, child)
    return text
  }

  protected abstract create(): Child
  protected abstract renderChild(labels: Labels, child: Child): string
}

export class CounterFamily extends Labelled<Counter> {
  constructor(options: FamilyOptions) {
    super(options, 'counter')
  }

  protected create(): Cell {
    return new Cell()
  }

  protected renderChild(labels: Labels, child: Cell): string {
    return samplesText(this.name, labels, child.value)
  }
}

export class GaugeFamily extends Labelled<Gauge> {
  constructor(options: FamilyOptions) {
    super(options, 'gauge')
  }

  protected create(): Cell {
    return new Cell()
  }

  protected renderChild(labels: Labels, child: Cell): string {
    return samplesText(this.name, labels, child.value)
  }
}

class Buckets implements Histogram {
  readonly #bounds: readonly number[]
  /** Values up to each bound and above the one before; the last are those beyond every bound. */
  readonly counts: Float64Array
  sum = 0

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    const bounds = this.#bounds
    let low = 0
    let high = bounds.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (value <= (bounds[middle] ?? 0)) high = middle
      else low = middle + 1
    }
    this.counts[low] = (this.counts[low] ?? 0) + 1
    this.sum += value
  }
}

export class HistogramFamily extends Labelled<Histogram> {
  readonly #bounds: readonly number[]

  /** @param options.buckets upper bounds, ascending */
  constructor(options: FamilyOptions & { readonly buckets: readonly number[] }) {
    super(options, 'histogram')
    this.#bounds = options.buckets
  }

  protected create(): Buckets {
    return new Buckets(this.#bounds)
  }

  protected renderChild(labels: Labels, { counts, sum }: Buckets): string {
    let text = ''
    let count = 0
    counts.forEach((each, index) => {
      count += each
      const bound = this.#bounds[index]
      const le = bound === undefined ? '+Inf' : String(bound)
      text += samplesText(`${this.name}_bucket`, [...labels, ['le', le]], count)
    })
    return text + samplesText(`${this.name}_sum`, labels, sum) + samplesText(`${this.name}_count`, labels, count)
  }
}
