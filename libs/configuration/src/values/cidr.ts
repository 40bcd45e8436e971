import { isIPv4, isIPv6 } from 'node:net'
import { InvalidValue } from '../problems.ts'

/** A range of addresses, in the arguments of `net.BlockList.addSubnet`. */
export interface Cidr {
  readonly address: string
  readonly prefix: number
  readonly family: 'ipv4' | 'ipv6'
}

/** @param text `10.0.0.0/8`, or a single address. @throws InvalidValue */
export function parseCidr(text: string): Cidr {
  const [address = '', length, ...rest] = text.split('/')
  const family = isIPv4(address) ? 'ipv4' : isIPv6(address) ? 'ipv6' : undefined
  const bits = family === 'ipv4' ? 32 : 128
  const prefix = length === undefined ? bits : /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN
  if (family === undefined || rest.length > 0 || !(prefix <= bits)) {
    throw new InvalidValue('is not a range of addresses, as 10.0.0.0/8 is')
  }
  return { address, prefix, family }
}
