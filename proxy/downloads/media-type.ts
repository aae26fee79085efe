/** What a file is by its name, and whether a browser should save it rather than show it. Pure. */

interface MediaType {
  readonly type: string;
  /** Shown in a browser: pages of an update site, texts, pictures. */
  readonly isShown: boolean;
}

const saved = (type: string): MediaType => ({ type, isShown: false });
const shown = (type: string): MediaType => ({ type, isShown: true });

/** Longest first where one ends with another. */
const types: readonly (readonly [string, MediaType])[] = [
  ['.tar.gz', saved('application/gzip')],
  ['.tar.bz2', saved('application/x-bzip2')],
  ['.tar.xz', saved('application/x-xz')],
  ['.tar.zst', saved('application/zstd')],
  // As Eclipse itself writes them: a pack of what a plug-in is.
  ['.jar.pack.gz', saved('application/x-java-pack200')],
  ['.xml.xz', saved('application/x-xz')],
  ['.vsix', saved('application/vsix')],
  ['.zip', saved('application/zip')],
  ['.jar', saved('application/java-archive')],
  ['.tgz', saved('application/gzip')],
  ['.gz', saved('application/gzip')],
  ['.xz', saved('application/x-xz')],
  ['.tar', saved('application/x-tar')],
  ['.7z', saved('application/x-7z-compressed')],
  ['.exe', saved('application/vnd.microsoft.portable-executable')],
  ['.msi', saved('application/x-msi')],
  ['.dmg', saved('application/x-apple-diskimage')],
  ['.pkg', saved('application/octet-stream')],
  ['.deb', saved('application/vnd.debian.binary-package')],
  ['.rpm', saved('application/x-rpm')],
  ['.appimage', saved('application/vnd.appimage')],
  ['.crx', saved('application/x-chrome-extension')],
  ['.xpi', saved('application/x-xpinstall')],
  ['.sh', saved('application/x-sh')],
  ['.ps1', saved('application/octet-stream')],
  ['.html', shown('text/html; charset=utf-8')],
  ['.css', shown('text/css; charset=utf-8')],
  ['.txt', shown('text/plain; charset=utf-8')],
  ['.md', shown('text/plain; charset=utf-8')],
  ['.sha256', shown('text/plain; charset=utf-8')],
  ['.sha512', shown('text/plain; charset=utf-8')],
  ['.asc', shown('text/plain; charset=utf-8')],
  ['.sig', saved('application/octet-stream')],
  // Of a p2 repository: content.xml, artifacts.xml, site.xml, p2.index.
  ['.xml', shown('application/xml')],
  ['.index', shown('text/plain; charset=utf-8')],
  ['.properties', shown('text/plain; charset=utf-8')],
  ['.json', shown('application/json')],
  ['.png', shown('image/png')],
  ['.svg', shown('image/svg+xml')],
];

const unknown = saved('application/octet-stream');

export function mediaTypeOf(name: string): MediaType {
  const lower = name.toLowerCase();
  return types.find(([end]) => lower.endsWith(end))?.[1] ?? unknown;
}

/** `Content-Disposition` that saves a file under its name (RFC 6266), whatever characters that has. */
export function saveAs(name: string): string {
  const plain = name.replaceAll(/[^\x20-\x7e]|["\\%]/g, '_');
  const extended = encodeURIComponent(name).replaceAll(/['()*]/g, percentOf);
  return `attachment; filename="${plain}"${plain === name ? '' : `; filename*=UTF-8''${extended}`}`;
}

function percentOf(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
}
