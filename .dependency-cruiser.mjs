/**
 * The boundaries between the rooms of the project, and no cycles. `test/module-graph.check.ts` cruises with
 * these rules, sees to it that no file is left out, and tries each rule on a planted breach.
 */
// `net` is absent: `isIP` and `BlockList` are pure, and `.oxlintrc.json` lets core/ import those two alone.
const io =
  '^(node:)?(fs|http|https|http2|tls|dgram|dns|child_process|worker_threads|cluster|readline|repl|inspector|timers)(/|$)';
const ioPackages =
  '(^|node_modules/)(undici|ws|pino|prom-client|better-sqlite3|mysql2|pg|engine\\.io|socket\\.io)(/|$)';

export default {
  forbidden: [
    {
      name: 'no-cycle',
      comment: 'A cycle has no bottom to read from.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'proxy-without-edge',
      comment: 'An image of the front door does not hold the session engine.',
      severity: 'error',
      from: { path: '^proxy/' },
      to: { path: '^(edge|share|cli|bin|bench|test|docs)/', pathNot: '^test/support/' },
    },
    {
      name: 'edge-without-proxy',
      comment: 'An image of the edge does not hold the front door.',
      severity: 'error',
      from: { path: '^edge/' },
      to: { path: '^(proxy|share|cli|bin|bench|test|docs)/', pathNot: '^test/support/' },
    },
    {
      name: 'shared-without-sides',
      comment: 'What both sides share knows neither of them.',
      severity: 'error',
      from: { path: '^shared/' },
      to: { path: '^(proxy|edge|share|native|cli|bin|bench|test|docs)/', pathNot: '^test/support/' },
    },
    {
      name: 'native-alone',
      comment: 'The native sockets know bytes and descriptors, and nothing of what they are for.',
      severity: 'error',
      from: { path: '^native/', pathNot: '\\.(test|long)\\.ts$' },
      to: { path: '^(proxy|edge|share|shared|cli|bin|bench|docs)/' },
    },
    {
      name: 'share-by-itself',
      comment: 'A client of the pool knows it by its protocol alone.',
      severity: 'error',
      from: { path: '^share/' },
      to: { path: '^(proxy|edge|native|cli|bin|bench|test|docs)/', pathNot: '^test/support/' },
    },
    {
      name: 'support-for-tests-alone',
      comment: 'What helps tests is no part of the product.',
      severity: 'error',
      from: { path: '^(proxy|edge|share|shared|native|cli|bin)/', pathNot: '\\.(test|long)\\.ts$' },
      to: { path: '^test/|\\.(test|long)\\.ts$' },
    },
    {
      name: 'core-without-io',
      comment: 'Decisions are pure: what core/ needs is handed in. Holds for what its imports import, too.',
      severity: 'error',
      from: { path: '^(proxy|edge|share)/core/', pathNot: '\\.(test|long)\\.ts$' },
      to: { path: [io, ioPackages], reachable: true },
    },
    {
      name: 'core-imports-core',
      comment: 'Pure decisions know no adapter, wire or store of their own side.',
      severity: 'error',
      from: { path: '^(proxy|edge|share)/core/', pathNot: '\\.(test|long)\\.ts$' },
      to: { path: '^(proxy|edge|share)/', pathNot: '^(proxy|edge|share)/core/' },
    },
    {
      name: 'resolvable',
      comment: 'An import that resolves to nothing is a rule that sees nothing.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'production-needs-dependencies',
      comment: 'What the product imports is installed with it, not only for its tests.',
      severity: 'error',
      // Pages for browsers and the built program are bundled: nobody installs anything for them.
      from: {
        path: '^(proxy|edge|share|shared|native|cli|bin)/',
        pathNot:
          '\\.(test|long)\\.ts$|^proxy/(dashboard|session-page)/web/|^(bin|proxy/dashboard)/build\\.ts$',
      },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    // With TypeScript 7, which has no compiler API, the default parser sees no module at all.
    parser: 'swc',
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      extensions: ['.ts', '.tsx', '.js', '.json', '.node'],
      conditionNames: ['import', 'node', 'types', 'default'],
    },
  },
};
