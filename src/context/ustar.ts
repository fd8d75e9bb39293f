/** Entries of a tar in the form that every reader knows (POSIX.1-1988 ustar, pax records where that cannot hold a name), as tar-stream writes them. */

export interface TarEntry {
  readonly name: string;
  readonly type: keyof typeof typeFlags;
  readonly mode: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** What a link leads to; `""` for others. */
  readonly linkname: string;
}

interface TarHeader extends TarEntry {
  readonly size: number;
}

const typeFlags = { file: "0", symlink: "2", directory: "5", pax: "x" } as const;

const zeros = Buffer.alloc(512);
/** Two blocks of zeros; an empty tar is nothing else. */
export const endOfTar = Buffer.alloc(1024);

/** What all headers have in common: owner 0 and no device. */
const template = makeTemplate();
const templateSum = template.reduce((sum, byte) => sum + byte, 0);

/** What stands in a tar for one entry, content in whole blocks; the pieces are not to be changed. */
export function tarEntry(entry: TarEntry, content?: Buffer): readonly Buffer[] {
  const header = { ...entry, size: content?.length ?? 0 };
  const plain = plainHeader(header);
  const headers = plain === undefined ? paxHeaders(header) : [plain];
  return content === undefined ? headers : [...headers, ...inBlocks(content)];
}

function inBlocks(content: Buffer): readonly Buffer[] {
  const rest = content.length % 512;
  return rest === 0 ? [content] : [content, zeros.subarray(rest)];
}

/** The long or non-ASCII names as pax records in front of a header that every reader can follow without them. */
function paxHeaders(header: TarHeader): readonly Buffer[] {
  const { name, linkname } = header;
  const link = linkname === "" ? "" : paxRecord("linkpath", linkname);
  const records = Buffer.from(`${paxRecord("path", name)}${link}`);
  const stand = { ...header, name: "PaxHeader", linkname: linkname === "" ? "" : "PaxHeader" };
  return [
    encode({ ...stand, type: "pax", size: records.length }, stand.name, ""),
    ...inBlocks(records),
    encode(stand, stand.name, ""),
  ];
}

/** `length keyword=value`, where the length counts its own digits too. */
function paxRecord(keyword: string, value: string): string {
  const rest = ` ${keyword}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  const digits = `${bytes}`.length;
  const length = bytes + digits;
  return `${`${length}`.length === digits ? length : length + 1}${rest}`;
}

/**
 * `undefined` where a name does not fit: ASCII, of which up to 100 letters stand behind some slash and up to 155 in front
 * of it. A link's target stands there as it is.
 */
function plainHeader(header: TarHeader): Buffer | undefined {
  const { name, linkname } = header;
  if (Buffer.byteLength(linkname) > 100 || Buffer.byteLength(name) > name.length) return undefined;
  if (name.length <= 100) return encode(header, name, "");
  const slash = name.indexOf("/", name.length - 101);
  return slash < 0 || slash > 155
    ? undefined
    : encode(header, name.slice(slash + 1), name.slice(0, slash));
}

function encode(header: TarHeader, name: string, prefix: string): Buffer {
  const block = Buffer.from(template);
  let sum = templateSum;
  const put = (text: string, at: number): void => {
    for (let index = 0; index < text.length; index++) {
      const byte = text.charCodeAt(index);
      block[at + index] = byte;
      sum += byte;
    }
  };
  const putOctal = (value: number, digits: number, at: number): void => {
    let rest = value;
    for (let index = digits - 1; index >= 0; index--) {
      const digit = rest % 8;
      block[at + index] = 0x30 + digit;
      sum += 0x30 + digit;
      rest = (rest - digit) / 8;
    }
    block[at + digits] = 0x20;
    sum += 0x20;
  };
  put(name, 0);
  putOctal(header.mode, 6, 100);
  putOctal(header.size, 11, 124);
  putOctal(header.mtime, 11, 136);
  put(typeFlags[header.type], 156);
  if (header.linkname !== "") put(Buffer.from(header.linkname).toString("latin1"), 157);
  put(prefix, 345);
  putOctal(sum, 6, 148);
  block[155] = 0;
  return block;
}

function makeTemplate(): Buffer {
  const block = Buffer.alloc(512);
  for (const at of [108, 116, 329, 337]) block.write("000000 ", at, "latin1");
  // The sum counts its own field as eight blanks.
  block.write(" ".repeat(8), 148, "latin1");
  block.write("ustar", 257, "latin1");
  block.write("00", 263, "latin1");
  return block;
}
