/** The lines of a file as bytes: a line ends at a line feed and nowhere else, because data may hold every other kind of line break. */
import { createReadStream } from 'node:fs';

const LINE_FEED = 10;
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/** Without the line feed at the end, and without the mark that some editors put before a text in UTF-8. */
export async function* linesOf(path: string): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  let isFirst = true;
  const whole = (part: Buffer): Buffer => {
    const line = rest.length > 0 ? Buffer.concat([...rest, part]) : part;
    const marked = isFirst && line.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
    isFirst = false;
    rest = [];
    return marked ? line.subarray(BYTE_ORDER_MARK.length) : line;
  };
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      yield whole(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
  }
  if (rest.length > 0) yield whole(Buffer.alloc(0));
}
