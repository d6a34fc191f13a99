import { createHash, createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { nodeAead, opensslAead } from './aead.ts'
import { expandLabel, masterKeys, nextTrafficSecret, prf, trafficKeys } from './key-schedule.ts'
import { openRecordKeys } from './record-keys.ts'
import { suiteOf } from './suites.ts'

const aes128 = suite(0x0304, 0x1301)

// RFC 8448 §3, "Simple 1-RTT Handshake".
const TRACE = [
  {
    whose: 'server handshake',
    secret: 'b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38',
    key: '3fce516009c21727d0f2e4e86ee403bc',
    iv: '5d313eb2671276ee13000b30',
  },
  {
    whose: 'client handshake',
    secret: 'b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21',
    key: 'dbfaa693d1762c5b666af5d950258d01',
    iv: '5bd3c71b836e0b76bb73265f',
  },
  {
    whose: 'server application',
    secret: 'a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643',
    key: '9f02283b6c9c07efc26bb9f2ac92e356',
    iv: 'cf782b88dd83549aadf1e984',
  },
  {
    whose: 'client application',
    secret: '9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5',
    key: '17422dda596ed5d9acd890e3c63f5051',
    iv: '5b78923dee08579033e523d9',
  },
] as const

test.each(TRACE)('the $whose secret of RFC 8448 gives its key and IV', ({ secret, key, iv }) => {
  const keys = trafficKeys(aes128, hex(secret))
  expect(Buffer.from(keys.key).toString('hex')).toBe(key)
  expect(Buffer.from(keys.iv).toString('hex')).toBe(iv)
})

// The records of RFC 8448 §3 that follow the handshake, and the client's Finished.
const RECORDS = [
  {
    what: 'the Finished message of the client',
    secret: TRACE[1].secret,
    sequence: 0,
    record:
      '170303003575ec4dc238cce60b298044a71e219c56cc77b0517fe9b93c7a4bfc44d87f38f80338ac98fc46deb384bd1caeacab6867d726c40546',
    plain: '14000020a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce6116',
  },
  {
    what: 'data of the client',
    secret: TRACE[3].secret,
    sequence: 0,
    record:
      '1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4',
    plain: `${counted(50)}17`,
  },
  {
    what: 'data of the server, after a ticket',
    secret: TRACE[2].secret,
    sequence: 1,
    record:
      '17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dffc602dcb501a59a8fcc49c4bf2e5f0a21c0047c2abf332540dd032e167c2955d',
    plain: `${counted(50)}17`,
  },
  {
    what: 'the alert of the client',
    secret: TRACE[3].secret,
    sequence: 1,
    record: '1703030013c9872760655666b74d7ff1153efd6db6d0b0e3',
    plain: '010015',
  },
  {
    what: 'the alert of the server',
    secret: TRACE[2].secret,
    sequence: 2,
    record: '1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9',
    plain: '010015',
  },
] as const

test.each(RECORDS)(
  'opens $what in RFC 8448, and only as its own number',
  ({ secret, sequence, record, plain }) => {
    for (const aead of [opensslAead(), nodeAead()]) {
      const keys = openRecordKeys(aead, aes128, trafficKeys(aes128, hex(secret)))
      const sealed = Buffer.concat([hex('00ff'), hex(record)])
      expect(keys.open(sealed, 2, sealed.length - 2, sequence + 1)).toBe(-1)
      const plainBytes = keys.open(sealed, 2, sealed.length - 2, sequence)
      expect(Buffer.from(aead.plain.subarray(0, plainBytes)).toString('hex')).toBe(plain)
      sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1
      expect(keys.open(sealed, 2, sealed.length - 2, sequence)).toBe(-1)
      keys.close()
    }
  },
)

test('a label is expanded as HKDF-Expand does it', () => {
  const secret = createHash('sha384').update('any').digest()
  const aes256 = suite(0x0304, 0x1302)
  const info = Buffer.concat([hex('0030'), hex('11'), Buffer.from('tls13 traffic upd'), hex('00')])
  const expected = createHmac('sha384', secret).update(info).update(hex('01')).digest()
  expect(expected.equals(nextTrafficSecret(aes256, secret))).toBe(true)
  expect(expandLabel(aes256, secret, 'iv', 12)).toHaveLength(12)
})

test('the PRF of TLS 1.2 gives the published vectors', () => {
  const sha256 = prf(
    'sha256',
    hex('9bbe436ba940f017b17652849a71db35'),
    'test label',
    hex('a0ba9f936cda311827a6f796ffd5198c'),
    100,
  )
  expect(Buffer.from(sha256).toString('hex')).toBe(
    'e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af' +
      '0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701' +
      '87347b66',
  )
  const sha384 = prf(
    'sha384',
    hex('b80b733d6ceefcdc71566ea48e5567df'),
    'test label',
    hex('cd665cf6a8447dd6ff8b27555edb7465'),
    148,
  )
  expect(Buffer.from(sha384).toString('hex')).toBe(
    '7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cde9ca0faa60be9fe34f82b1233c9146a0' +
      'e534cb400fed2700884f9dc236f80edd8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d918425' +
      '9b5bf8cd4d90fa0d31e2dec479e4f1a26066f2eea9a69236a3e52655c9e9aee691c8f3a26854308d5eaa3be85e099070' +
      '3d73e56f',
  )
})

test('the key block is cut by what the suite needs', () => {
  const random = new Uint8Array(32)
  const explicit = masterKeys(suite(0x0303, 0xc02f), new Uint8Array(48), random, random)
  const derived = masterKeys(suite(0x0303, 0xcca8), new Uint8Array(48), random, random)
  expect([explicit.client.key.length, explicit.server.iv.length]).toEqual([16, 4])
  expect([derived.client.key.length, derived.server.iv.length]).toEqual([32, 12])
  expect(explicit.client.key).not.toEqual(explicit.server.key)
})

test('a suite belongs to one version, and CBC and CCM to none', () => {
  expect(suiteOf(0x0303, 0x1301)).toBeUndefined()
  expect(suiteOf(0x0304, 0xc02f)).toBeUndefined()
  expect(suiteOf(0x0303, 0xc027)).toBeUndefined()
  expect(suiteOf(0x0304, 0x1304)).toBeUndefined()
})

function suite(version: number, number: number) {
  const found = suiteOf(version, number)
  if (!found) throw new Error('the suite is missing from the table')
  return found
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex')
}

function counted(bytes: number): string {
  return Buffer.from(Array.from({ length: bytes }, (_, index) => index)).toString('hex')
}
