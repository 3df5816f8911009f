/**
 * The one source of randomness: xoshiro128** (Blackman & Vigna, "Scrambled linear pseudorandom number generators",
 * 2018), 32-bit integer arithmetic only, so that a seed gives the same integers and floats on every platform.
 * Generators are *keyed*: `new Random(seed, 'augment', epoch, index)` depends on nothing but its arguments, which lets
 * any sample of any epoch be repeated without replaying what came before. Not for cryptography.
 */

export type RandomState = readonly [number, number, number, number];
export type RandomKey = number | string;

const rotate = (x: number, k: number) => (x << k) | (x >>> (32 - k));

/** MurmurHash3's finalizer: a bijection of 32-bit words in which every input bit reaches every output bit. */
function mix(x: number): number {
  let h = x;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** FNV-1a over UTF-16 units. */
function hashText(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h;
}

/** A seeded generator whose state can be saved and restored. */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private d: number;

  /** `seed` and numeric keys are integers of at most 53 bits. Different key lists give independent generators. */
  constructor(seed: number, ...keys: RandomKey[]) {
    this.a = 0x9e3779b9;
    this.b = 0x243f6a88;
    this.c = 0xb7e15162;
    this.d = 0x6a09e667;
    this.absorb(seed);
    for (const key of keys) this.absorb(key);
  }

  static fromState(state: RandomState): Random {
    const random = new Random(0);
    random.state = state;
    return random;
  }

  /** The four state words, unsigned. */
  get state(): RandomState {
    return [this.a >>> 0, this.b >>> 0, this.c >>> 0, this.d >>> 0];
  }

  set state([a, b, c, d]: RandomState) {
    if ((a | b | c | d) === 0) throw new Error('internal: the all-zero state is not a state of xoshiro128**');
    this.a = a | 0;
    this.b = b | 0;
    this.c = c | 0;
    this.d = d | 0;
  }

  /** A uniform integer in 0 .. 2^32 - 1. */
  next(): number {
    const result = Math.imul(rotate(Math.imul(this.b, 5), 7), 9) >>> 0;
    const t = this.b << 9;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b ^= this.c;
    this.a ^= this.d;
    this.c ^= t;
    this.d = rotate(this.d, 11);
    return result;
  }

  /** A uniform number in [0, 1) with 53 random bits. */
  float(): number {
    const high = this.next() >>> 5;
    return (high * 0x4000000 + (this.next() >>> 6)) / 2 ** 53;
  }

  /** A uniform integer in 0 .. n - 1, without bias; `n` in 1 .. 2^32. */
  int(n: number): number {
    if (!(n >= 1 && n <= 2 ** 32)) throw new Error(`internal: Random.int(${n}) has no value to give`);
    const limit = 2 ** 32 - (2 ** 32 % n);
    let x = this.next();
    while (x >= limit) x = this.next();
    return x % n;
  }

  /** A standard normal number (Marsaglia's polar method; the last bit depends on the engine's `Math.log`). */
  normal(): number {
    for (;;) {
      const x = 2 * this.float() - 1;
      const y = 2 * this.float() - 1;
      const r = x * x + y * y;
      if (r > 0 && r < 1) return x * Math.sqrt((-2 * Math.log(r)) / r);
    }
  }

  /** A number from Beta(alpha, alpha), by Jöhnk's rejection; fast for `alpha` up to about 4. */
  beta(alpha: number): number {
    for (;;) {
      const x = this.float() ** (1 / alpha);
      const y = this.float() ** (1 / alpha);
      if (x + y > 0 && x + y <= 1) return x / (x + y);
    }
  }

  /** Shuffles in place (Fisher-Yates). */
  shuffle<T extends { length: number; [index: number]: number }>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      const kept = items[i]!;
      items[i] = items[j]!;
      items[j] = kept;
    }
    return items;
  }

  /** A generator that depends on this one's present state and the keys; this one does not advance. */
  fork(...keys: RandomKey[]): Random {
    const child = Random.fromState(this.state);
    child.absorb('fork');
    for (const key of keys) child.absorb(key);
    return child;
  }

  private absorb(key: RandomKey): void {
    if (typeof key === 'number' && !Number.isSafeInteger(key)) throw new Error(`internal: random key ${key}`);
    const low = typeof key === 'number' ? key | 0 : hashText(key);
    const high = typeof key === 'number' ? Math.floor(key / 2 ** 32) | 0 : key.length | 0x40000000;
    this.a = mix(this.a ^ low);
    this.b = mix((this.b + this.a) ^ high);
    this.c = mix(this.c + rotate(this.b, 9));
    this.d = mix((this.d ^ this.c) + this.a);
    if ((this.a | this.b | this.c | this.d) === 0) this.a = 1;
  }
}
