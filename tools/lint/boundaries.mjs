// The lint rule behind the layer table of docs/architecture.md: which room may import which, and by which door; and
// that no production code imports what is made for tests.
// oxlint may load it on the system's Node: keep to what Node 20 has.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const readJson = (file) => JSON.parse(readFileSync(join(root, file), 'utf8'))
const rootManifest = readJson('package.json')
const builtins = new Set(builtinModules)

const projects = rootManifest.workspaces
  .flatMap((glob) => {
    if (!glob.endsWith('/*')) return [glob]
    const parent = dirname(glob)
    return existsSync(join(root, parent)) ? readdirSync(join(root, parent)).map((name) => `${parent}/${name}`) : []
  })
  .filter((dir) => existsSync(join(root, dir, 'package.json')))
  .map((dir) => {
    const manifest = readJson(`${dir}/package.json`)
    return {
      name: manifest.name,
      dir,
      layer: manifest.nx?.tags?.find((tag) => tag.startsWith('layer:')),
      exports: manifest.exports ?? {},
      dependencies: new Set(
        Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies }),
      ),
      devDependencies: new Set(Object.keys({ ...manifest.devDependencies, ...rootManifest.devDependencies })),
    }
  })
const projectByName = new Map(projects.map((project) => [project.name, project]))

const pathInRepository = (file) => relative(root, file).split(sep).join('/')

function projectOf(file) {
  const path = pathInRepository(file)
  return projects.find((project) => path.startsWith(`${project.dir}/`))
}

/** Whether `from` reaches `to` through declared dependencies. */
function reaches(from, to, seen = new Set()) {
  if (from === to) return true
  if (seen.has(from)) return false
  seen.add(from)
  return [...from.dependencies, ...from.devDependencies].some(
    (name) => projectByName.has(name) && reaches(projectByName.get(name), to, seen),
  )
}

/** `@berth/uploads/stored` → `['@berth/uploads', 'stored']`; the first door is `.`. */
function splitSpecifier(specifier) {
  const parts = specifier.split('/')
  const name = parts.splice(0, specifier.startsWith('@') ? 2 : 1).join('/')
  return [name, parts.join('/') || '.']
}

const isTest = (path) => /\.(test|bench)\.ts$/.test(path)

/** Whether a file is made for tests alone: by its name, or because the rule's option `testKits` lists it. */
const isTestKit = (path, listed) =>
  /(^|\/)test-[^/]*\.ts$|-under-test\.ts$|\/src\/suite\//.test(path) || listed.includes(path)

const boundaries = {
  meta: { type: 'problem', schema: [{ type: 'object' }] },
  create(context) {
    const self = projectOf(context.filename)
    if (self === undefined) return {}
    const { layers, testKits = [] } = context.options[0] ?? {}
    const layer = layers?.[self.layer]
    const path = pathInRepository(context.filename)
    const servesTests = isTest(path) || self.layer === 'layer:e2e' || isTestKit(path, testKits)

    function check(node, specifier) {
      const report = (message) => context.report({ node, message })
      const requireNoTestKit = (file) => {
        if (!servesTests && isTestKit(file, testKits))
          report(`${file} is made for tests; production code may not import it`)
      }
      if (specifier.startsWith('.')) {
        const file = resolve(dirname(context.filename), specifier)
        if (projectOf(file) !== self) report(`relative import leaves ${self.name}: import the package instead`)
        return requireNoTestKit(pathInRepository(file))
      }
      if (layer === undefined) return report(`${self.name} has no layer the rule knows: tag it in its package.json`)
      if (specifier.startsWith('node:') || specifier.startsWith('#')) return
      if (builtins.has(specifier)) return report(`write node:${specifier}`)
      const [name, door] = splitSpecifier(specifier)
      if (!self.dependencies.has(name) && !(servesTests && self.devDependencies.has(name)))
        report(`${name} is not in the dependencies of ${self.name}`)
      const target = projectByName.get(name)
      if (target === undefined) {
        if (!servesTests && layer.npm && !layer.npm.includes(name)) report(`${self.layer} may not use ${name} from npm`)
        return
      }
      if (target.layer === 'layer:app') report(`${name} is an app; nothing may import it`)
      else if (target === self) report(`import from ${self.name} by a relative path`)
      else if (reaches(target, self)) report(`${self.name} and ${name} depend on each other`)
      const opened = target.exports[door === '.' ? '.' : `./${door}`]
      if (typeof opened === 'string') requireNoTestKit(join(target.dir, opened))
      if (isTest(path)) return
      if (!layer.may.includes(target.layer)) report(`${self.layer} may not import ${name} (${target.layer})`)
      if (!(layer.doors ?? ['.']).includes(door)) report(`${self.layer} may not use the door ${specifier}`)
    }

    const onSource = (node) => {
      if (typeof node.source?.value === 'string') check(node.source, node.source.value)
    }
    return {
      ImportDeclaration: onSource,
      ExportNamedDeclaration: onSource,
      ExportAllDeclaration: onSource,
      ImportExpression: onSource,
      TSImportType: onSource,
    }
  },
}

export default { meta: { name: 'berth' }, rules: { boundaries } }
