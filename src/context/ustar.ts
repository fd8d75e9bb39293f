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

/**
 * Encodes a header; `undefined` where the plain form cannot hold it (a long or non-ASCII name, a size
 * over 8 GiB), which pax headers are for.
 */
export function ustarHeader(header: TarHeader): Buffer | undefined {
  const { name, type, mode, size, mtime, linkname } = header;
  if (name.length > 100 || linkname.length > 100 || size > maxSize) return undefined;
  if (!isAscii(name) || !isAscii(linkname)) return undefined;
  const block = Buffer.alloc(512);
  const write = (text: string, at: number): number => block.write(text, at, "latin1");
  write(name, 0);
  write(octal(mode, 6), 100);
  write(octal(0, 6), 108);
  write(octal(0, 6), 116);
  write(octal(size, 11), 124);
  write(octal(mtime, 11), 136);
  write(typeFlags[type], 156);
  write(linkname, 157);
  write("ustar", 257);
  write("00", 263);
  write(octal(0, 6), 329);
  write(octal(0, 6), 337);
  // The sum counts its own field as eight blanks.
  let sum = 8 * 0x20;
  // By index: an iterator over ten thousand blocks costs more than all else here.
  for (let at = 0; at < block.length; at++) sum += block[at] ?? 0;
  write(octal(sum, 6), 148);
  return block;
}

function octal(value: number, digits: number): string {
  return `${value.toString(8).padStart(digits, "0")} `;
}

function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the question is about bytes
  return /^[\x00-\x7f]*$/.test(text);
}
