/** For tests: a key, a payload and its signature as libtrust made them. */
export const exampleKey = JSON.stringify({
  crv: 'P-256',
  d: 'mKu-YGe8oZS0jjs_Ws-RA7I5huDas4Z8W-sQkyaP2Gg',
  kid: 'OB4Y:TSDN:2I6L:YQ2B:LH3V:BD73:VC5W:G27C:UHSX:BMJE:2YB7:XBO6',
  kty: 'EC',
  x: 'wMbHjDqZ4CRu4HDrbYrgO5_xBBuaScK4QywY__IpPaA',
  y: 'HGXn9i2_r6dtbY4myxgbtm25egaP58ePJ8RA2Wl_ViU',
})

export const exampleId = 'OB4Y:TSDN:2I6L:YQ2B:LH3V:BD73:VC5W:G27C:UHSX:BMJE:2YB7:XBO6'

export const examplePayload = `{
   "schemaVersion": 1,
   "name": "library/alpine",
   "tag": "3.1",
   "architecture": "amd64",
   "fsLayers": [
      {
         "blobSum": "sha256:0139c1c77468f75e6763a4612262743bd47a36b26cb2863d662756b3377bb029"
      }
   ],
   "history": [
      {
         "v1Compatibility": "{\\"id\\":\\"a56145270ce6b3bebd1dd012b73948677dd618d496488bc608a3cb43ce3547dd\\"}"
      }
   ]
}`

export const exampleDigest = 'sha256:6aa24228dd40fe2af09dd416ce05a13c8e8716e20385d8859110095b1945a6f6'

export const exampleTime = new Date('2026-11-22T04:57:34Z')

export const exampleProtected =
  'eyJmb3JtYXRMZW5ndGgiOjM3NiwiZm9ybWF0VGFpbCI6IkNuMCIsInRpbWUiOiIyMDI2LTExLTIyVDA0OjU3OjM0WiJ9'

const exampleSignature = 'Xw0L4NXJP7KvcKhBJSHNL9d52B852uo57gnFIwh3fTIad-H_wB2s7mdUncpDpVymdFHmfk2x6zvPdHZ4j31FIg'

export const exampleSigned = `${examplePayload.slice(0, 376)},
   "signatures": [
      {
         "header": {
            "jwk": {
               "crv": "P-256",
               "kid": "${exampleId}",
               "kty": "EC",
               "x": "wMbHjDqZ4CRu4HDrbYrgO5_xBBuaScK4QywY__IpPaA",
               "y": "HGXn9i2_r6dtbY4myxgbtm25egaP58ePJ8RA2Wl_ViU"
            },
            "alg": "ES256"
         },
         "signature": "${exampleSignature}",
         "protected": "${exampleProtected}"
      }
   ]
}`
