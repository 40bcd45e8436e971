import { CounterFamily, GaugeFamily, HistogramFamily, type Family, type FamilyOptions } from './families.ts'

/** Makes families, each name once, and renders all of them. */
export class FamilyRegistry {
  readonly #families = new Map<string, Family>()

  counter(options: FamilyOptions): CounterFamily {
    return this.#add(new CounterFamily(options))
  }

  gauge(options: FamilyOptions): GaugeFamily {
    return this.#add(new GaugeFamily(options))
  }

  histogram(options: FamilyOptions & { readonly buckets: readonly number[] }): HistogramFamily {
    return this.#add(new HistogramFamily(options))
  }

  render(): string {
    return [...this.#families.values()].map((family) => `${family.render()}\n`).join('')
  }

  #add<F extends Family>(family: F): F {
    if (this.#families.has(family.name)) throw new Error(`there are metrics named ${family.name} already`)
    this.#families.set(family.name, family)
    return family
  }
}
