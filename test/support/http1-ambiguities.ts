/** What one side sent, and each of its messages: its head, its content, how it was cut, its words. */
export type Shape = readonly [name: string, bytes: string, ...reading: string[]]

const HELLO = '5\r\nhello\r\n0\r\n\r\n'
export const AFTER = 'GET /after HTTP/1.1\r\nHost: x\r\n\r\n'
export const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nafter'
const CHUNKED = 'Transfer-Encoding: chunked'
const CERTAIN = 'GET /after ""'
export const UNCERTAIN = 'GET /after "" | follows ambiguous framing'
const ANSWERED = '200 "after"'
const UNCERTAINLY = '200 "after" | follows ambiguous framing'

function post(fields: string, content = '', version = '1.1'): string {
  return `POST /s HTTP/${version}\r\nHost: x\r\n${fields}\r\n\r\n${content}`
}

function ok(fields: string, content = '', line = 'HTTP/1.1 200 OK'): string {
  return `${line}\r\n${fields}\r\n\r\n${content}`
}

const NO_CODING = 'POST /s "" | gap | unknown transfer coding | transfer coding without end'
const SIZED = 'Content-Length: 5'

export const REQUESTS: readonly Shape[] = [
  [
    'length and coding',
    post(`Content-Length: 3\r\n${CHUNKED}`, HELLO),
    'POST /s "hello" | Content-Length and Transfer-Encoding',
    UNCERTAIN,
  ],
  [
    'lengths that differ',
    post('Content-Length: 5\r\nContent-Length: 3', 'hello'),
    'POST /s "" | gap | several Content-Length',
  ],
  [
    'lengths that differ in a list',
    post('Content-Length: 5, 3', 'hello'),
    'POST /s "" | gap | several Content-Length',
  ],
  ['one length twice', post(`${SIZED}\r\n${SIZED}`, 'hello'), 'POST /s "hello"', CERTAIN],
  ['one length twice in a list', post('Content-Length: 5, 05', 'hello'), 'POST /s "hello"', CERTAIN],
  ...['+5', '-5', '5 5', '0x5', '', '5;', '5,', '5_0'].map(
    (length): Shape => [
      `length ${JSON.stringify(length)}`,
      post(`Content-Length: ${length}`, 'hello'),
      'POST /s "" | gap | Content-Length is no number',
    ],
  ),
  [
    'a long length',
    post('Content-Length: 18446744073709551621', 'hello'),
    'POST /s "" | gap | Content-Length overflows',
  ],
  ['leading zeros', post('Content-Length: 0000000000000000000000005', 'hello'), 'POST /s "hello"', CERTAIN],
  [
    'a tab before the length',
    post('Content-Length:\t5', 'hello'),
    'POST /s "hello" | tab around the framing',
    UNCERTAIN,
  ],
  [
    'a tab behind the coding',
    post(`${CHUNKED}\t `, HELLO),
    'POST /s "hello" | tab around the framing',
    UNCERTAIN,
  ],
  ['a tab elsewhere', post(`A:\tb\t\r\n${SIZED}`, 'hello'), 'POST /s "hello"', CERTAIN],
  [
    'a coding that does not frame',
    post('Transfer-Encoding: gzip', 'hello'),
    'POST /s "" | gap | transfer coding without end',
  ],
  [
    'identity',
    post(`Transfer-Encoding: identity\r\n${SIZED}`, 'hello'),
    'POST /s "hello" | Content-Length and Transfer-Encoding | unknown transfer coding',
    UNCERTAIN,
  ],
  ...['xchunked', 'chunked;a=b', '"chunked"', 'chunked-x', 'chunked, x'].map(
    (coding): Shape => [
      `coding ${coding}`,
      post(`Transfer-Encoding: ${coding}`, HELLO),
      coding === 'chunked, x' ? `${NO_CODING} | chunked is not once and last` : NO_CODING,
    ],
  ),
  [
    'no coding',
    post(`Transfer-Encoding:\r\n${SIZED}`, 'hello'),
    'POST /s "hello" | Content-Length and Transfer-Encoding | unknown transfer coding',
    UNCERTAIN,
  ],
  ['in any case, in a list', post('Transfer-Encoding: GZIP , , Chunked', HELLO), 'POST /s "hello"', CERTAIN],
  [
    'chunked twice',
    post(`${CHUNKED}\r\n${CHUNKED}`, HELLO),
    'POST /s "hello" | chunked is not once and last',
    UNCERTAIN,
  ],
  [
    'gzip on chunked',
    post('Transfer-Encoding: chunked, gzip', HELLO),
    'POST /s "" | gap | transfer coding without end | chunked is not once and last',
  ],
  ['HTTP/1.0', post(CHUNKED, HELLO, '1.0'), 'POST /s "hello" | Transfer-Encoding in HTTP/1.0', UNCERTAIN],
  [
    'a folded coding',
    post('Transfer-Encoding:\r\n chunked', HELLO),
    'POST /s "hello" | folded line',
    UNCERTAIN,
  ],
  [
    'a folded line that hides a length',
    post(`A: b\r\n\tContent-Length: 3\r\n${SIZED}`, 'hello'),
    'POST /s "hello" | folded line',
    UNCERTAIN,
  ],
  ['a folded line', post(`A: b\r\n c\r\n${SIZED}`, 'hello'), 'POST /s "hello" | folded line', CERTAIN],
  [
    'space before the first field',
    `POST /s HTTP/1.1\r\n ${SIZED}\r\n\tA: b\r\nHost: x\r\n\r\n`,
    'POST /s "" | space before the fields',
    UNCERTAIN,
  ],
  [
    'space before the colon',
    post('Transfer-Encoding : chunked', HELLO),
    'POST /s "hello" | space before a colon',
    UNCERTAIN,
  ],
  ['no colon', post(`abc\r\n${SIZED}`, 'hello'), 'POST /s "hello" | line without colon', CERTAIN],
  ['no name', post(`: abc\r\n${SIZED}`, 'hello'), 'POST /s "hello" | empty field name', CERTAIN],
  [
    'a name in brackets',
    post(`(A): b\r\n${SIZED}`, 'hello'),
    'POST /s "hello" | field name is no token',
    CERTAIN,
  ],
  [
    'a name with a space',
    post(`Content Length: 5\r\n${SIZED}`, 'hello'),
    'POST /s "hello" | field name is no token',
    CERTAIN,
  ],
  ['NUL', post(`A: b\0c\r\n${SIZED}`, 'hello'), 'POST /s "hello" | control character in a field', CERTAIN],
  ['DEL', post(`A: b\x7f\r\n${SIZED}`, 'hello'), 'POST /s "hello" | control character in a field', CERTAIN],
  [
    'a vertical tab before the coding',
    post(`Transfer-Encoding: \x0bchunked`, HELLO),
    `${NO_CODING} | control character in a field`,
  ],
  ['not ASCII', post(`A: \xe9\r\n${SIZED}`, 'hello'), 'POST /s "hello"', CERTAIN],
  ['a bare CR', post(`A: b\r ${CHUNKED}`, ''), 'POST /s "" | bare CR', UNCERTAIN],
  ['CR CR LF', post(`A: b\r\r\n${SIZED}`, 'hello'), 'POST /s "hello" | bare CR', CERTAIN],
  ['bare LF', `POST /s HTTP/1.1\nHost: x\n${SIZED}\n\nhello`, 'POST /s "hello"', CERTAIN],
  ['two hosts', post('Host: x'), 'POST /s "" | several Host', CERTAIN],
  [
    'a host beside that of the target',
    'GET http://y/s HTTP/1.1\r\nHost: x\r\n\r\n',
    'GET http://y/s "" | Host differs from target',
    CERTAIN,
  ],
  [
    'the host of the target',
    'GET http://u@X:80/s HTTP/1.1\r\nHost: x\r\n\r\n',
    'GET http://u@X:80/s ""',
    CERTAIN,
  ],
  ['spaces', 'GET  /s  HTTP/1.1\r\nHost: x\r\n\r\n', 'GET /s "" | spaces in the start line', CERTAIN],
  [
    'a space at the end',
    'GET /s HTTP/1.1 \r\nHost: x\r\n\r\n',
    'GET /s "" | spaces in the start line',
    CERTAIN,
  ],
  [
    'a space inside',
    'GET /s t HTTP/1.1\r\nHost: x\r\n\r\n',
    'GET /s t "" | spaces in the start line',
    CERTAIN,
  ],
  [
    'a control',
    'GET /s\0t HTTP/1.1\r\nHost: x\r\n\r\n',
    'GET /s\0t "" | control character in the start line',
    CERTAIN,
  ],
  ['a bare CR in the line', 'GET /s\rt HTTP/1.1\r\nHost: x\r\n\r\n', 'GET /s\rt "" | bare CR', CERTAIN],
  ['a target in UTF-8', 'GET /\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n', 'GET /\xc3\xa9 ""', CERTAIN],
  ['asterisk-form', 'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n', 'OPTIONS * ""', CERTAIN],
  ['any method', '!#$ /s HTTP/1.1\r\nHost: x\r\n\r\n', '!#$ /s ""', CERTAIN],
  ['a minor version', 'GET /s HTTP/1.2\r\nHost: x\r\n\r\n', 'GET /s ""', CERTAIN],
  ...['GET', 'HEAD', 'TRACE'].map(
    (method): Shape => [
      `content of ${method}`,
      `${method} /s HTTP/1.1\r\nHost: x\r\n${SIZED}\r\n\r\nhello`,
      `${method} /s "hello"`,
      CERTAIN,
    ],
  ),
  ...['+5', '0x5', ' 5', '', '-5', ';a', 'g'].map(
    (size): Shape => [
      `chunk size ${JSON.stringify(size)}`,
      post(CHUNKED, `${size}\r\nhello\r\n0\r\n\r\n`),
      'POST /s "" | gap | chunk size is no number',
    ],
  ),
  [
    'chunk size with a word',
    post(CHUNKED, '5 x\r\nhello\r\n0\r\n\r\n'),
    'POST /s "hello" | chunk size is no number',
    UNCERTAIN,
  ],
  ['chunk size and spaces', post(CHUNKED, '5 \t;a\r\nhello\r\n0  \r\n\r\n'), 'POST /s "hello"', CERTAIN],
  [
    'a large chunk',
    post(CHUNKED, '10000000000000005\r\nhello\r\n0\r\n\r\n'),
    'POST /s "" | gap | chunk size overflows',
  ],
  [
    'chunk size with zeros',
    post(CHUNKED, '00000000000000000000005\r\nhello\r\n0\r\n\r\n'),
    'POST /s "hello"',
    CERTAIN,
  ],
  ...[
    '5\nhello\r\n0\r\n\r\n',
    '5;a\nhello\r\n0\r\n\r\n',
    '5\r\nhello\n0\r\n\r\n',
    '5\r\nhello\r\n0\r\n\n',
  ].map(
    (content): Shape => [
      `chunks with a bare LF: ${JSON.stringify(content)}`,
      post(CHUNKED, content),
      'POST /s "hello" | bare line end in chunks',
      UNCERTAIN,
    ],
  ),
  [
    'chunks with a bare CR',
    post(CHUNKED, '5;a\rb\r\nhello\r\n0\r\n\r\n'),
    'POST /s "hello" | bare line end in chunks',
    UNCERTAIN,
  ],
  [
    'a chunk that goes on',
    post(CHUNKED, '5\r\nhelloXX\r\n0\r\n\r\n'),
    'POST /s "hello" | gap | chunk longer than its size',
  ],
  [
    'trailers that say a length',
    post(CHUNKED, '5\r\nhello\r\n0\r\ncontent-length: 9\r\n\r\n'),
    'POST /s "hello" | forbidden trailer',
    CERTAIN,
  ],
  [
    'an odd trailer',
    post(CHUNKED, '5\r\nhello\r\n0\r\nA: b\r\n c\r\nd\r\n\r\n'),
    'POST /s "hello" | folded line | line without colon',
    CERTAIN,
  ],
  [
    'several at once',
    post(`A : b\0\r\nContent-Length: 5, 3\r\n${CHUNKED}`, HELLO),
    [
      'POST /s "hello" | Content-Length and Transfer-Encoding | several Content-Length',
      'space before a colon | control character in a field',
    ].join(' | '),
    UNCERTAIN,
  ],
]

export const RESPONSES: readonly Shape[] = [
  [
    'length and coding',
    ok(`Content-Length: 3\r\n${CHUNKED}`, HELLO),
    '200 "hello" | Content-Length and Transfer-Encoding',
    UNCERTAINLY,
  ],
  [
    'lengths that differ',
    ok('Content-Length: 5\r\nContent-Length: 3', 'hello'),
    '200 "" | gap | several Content-Length',
  ],
  [
    'chunked twice',
    ok('Transfer-Encoding: chunked, chunked', HELLO),
    '200 "hello" | chunked is not once and last',
    UNCERTAINLY,
  ],
  ['a coding that does not frame', ok('Transfer-Encoding: gzip', 'hello'), `200 "hello${ANSWER}"`],
  [
    'an unknown coding',
    ok('Transfer-Encoding: xchunked', 'hello'),
    `200 "hello${ANSWER}" | unknown transfer coding`,
  ],
  [
    'HTTP/1.0',
    ok(CHUNKED, HELLO, 'HTTP/1.0 200 OK'),
    '200 "hello" | Transfer-Encoding in HTTP/1.0',
    UNCERTAINLY,
  ],
  ['a length of 204', ok(SIZED, '', 'HTTP/1.1 204 No'), '204 "" | length where no content is', UNCERTAINLY],
  ['a coding of 204', ok(CHUNKED, '', 'HTTP/1.1 204 No'), '204 "" | length where no content is', UNCERTAINLY],
  ['an empty 204', ok('Content-Length: 0', '', 'HTTP/1.1 204 No'), '204 ""', ANSWERED],
  ['a length of 304', ok(SIZED, '', 'HTTP/1.1 304 No'), '304 ""', ANSWERED],
  ['content of 205', ok(SIZED, 'hello', 'HTTP/1.1 205 Reset'), '205 "hello"', ANSWERED],
  [
    'a length of 103',
    ok(SIZED, '', 'HTTP/1.1 103 Early') + ok(SIZED, 'hello'),
    '200 "hello" | length where no content is | follows ambiguous framing',
    UNCERTAINLY,
  ],
  [
    'interim responses',
    ok('A: b', '', 'HTTP/1.1 100 C').repeat(3) + ok(SIZED, 'hello'),
    '200 "hello"',
    ANSWERED,
  ],
  ['an unasked 101', ok('Connection: upgrade\r\nUpgrade: x', '', 'HTTP/1.1 101 Go'), '101 "" | unasked 101'],
  ['spaces', ok(SIZED, 'hello', 'HTTP/1.1   200 OK'), '200 "hello" | spaces in the start line', ANSWERED],
  [
    'a control',
    ok(SIZED, 'hello', 'HTTP/1.1 200 O\x01K'),
    '200 "hello" | control character in the start line',
    ANSWERED,
  ],
  ['a bare CR in the line', ok(SIZED, 'hello', 'HTTP/1.1 200 O\rK'), '200 "hello" | bare CR', ANSWERED],
  ['no reason', ok(SIZED, 'hello', 'HTTP/1.1 200'), '200 "hello"', ANSWERED],
  [
    'space before the colon',
    ok('Content-Length : 5', 'hello'),
    '200 "hello" | space before a colon',
    UNCERTAINLY,
  ],
  [
    'bare LF in chunks',
    ok(CHUNKED, '5\nhello\r\n0\r\n\r\n'),
    '200 "hello" | bare line end in chunks',
    UNCERTAINLY,
  ],
]
