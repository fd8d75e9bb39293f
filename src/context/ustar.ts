/** The header block of a tar entry in the plain form (POSIX.1-1988 ustar), as tar-stream writes it. */

export interface TarHeader {
  readonly name: string;
  readonly type: "file" | "directory" | "symlink";
  readonly mode: number;
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly linkname: string;
}

const typeFlags = { file: "0", symlink: "2", directory: "5" } as const;
const maxSize = 0o77777777777;
/** What all headers have in common: owner 0 and no device. */
const template = makeTemplate();
const templateSum = template.reduce((sum, byte) => sum + byte, 0);

/**
 * Encodes a header; `undefined` where the plain form cannot hold it (a long or non-ASCII name, a size
 * over 8 GiB), which pax headers are for.
 */
export function ustarHeader(header: TarHeader): Buffer | undefined {
  const { name, type, mode, size, mtime, linkname } = header;
  if (name.length > 100 || linkname.length > 100 || size > maxSize) return undefined;
  if (!isAscii(name) || !isAscii(linkname)) return undefined;
  const block = Buffer.from(template);
  let sum = templateSum;
  const put = (text: string, at: number): void => {
    block.write(text, at, "latin1");
    for (let index = 0; index < text.length; index++) sum += text.charCodeAt(index);
  };
  put(name, 0);
  put(octal(mode, 6), 100);
  put(octal(size, 11), 124);
  put(octal(mtime, 11), 136);
  put(typeFlags[type], 156);
  put(linkname, 157);
  block.write(`${octal(sum, 6)}\0`, 148, "latin1");
  return block;
}

function makeTemplate(): Buffer {
  const block = Buffer.alloc(512);
  for (const at of [108, 116, 329, 337]) block.write(octal(0, 6), at, "latin1");
  // The sum counts its own field as eight blanks.
  block.write(" ".repeat(8), 148, "latin1");
  block.write("ustar", 257, "latin1");
  block.write("00", 263, "latin1");
  return block;
}

function octal(value: number, digits: number): string {
  return `${value.toString(8).padStart(digits, "0")} `;
}

function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the question is about bytes
  return /^[\x00-\x7f]*$/.test(text);
}
