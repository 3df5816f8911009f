/**
 * Tells the ranks of each other's end: a star of TCP connections to rank 0, on which each says every second that it is
 * there. It runs in a thread of its own, so that it speaks while the arithmetic goes on: a launcher that ends all ranks
 * because one has died leaves them a second.
 */

import { randomBytes } from 'node:crypto';
import { createServer, type Server, Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** Where rank 0 listens, and what it wants to hear first. */
export interface Meeting {
  readonly addresses: readonly string[];
  readonly port: number;
  readonly token: string;
}

/** For people: which process a rank is. */
export interface Place {
  readonly rank: number;
  readonly host: string;
  readonly pid: number;
}

interface Hello extends Place {
  readonly token: string;
}

type Message =
  | { readonly kind: 'hello'; readonly hello: Hello }
  | { readonly kind: 'welcome'; readonly place: Place }
  /** So many operations has this rank begun. */
  | { readonly kind: 'beat'; readonly count: number }
  /** This rank ends by an error. */
  | { readonly kind: 'reason'; readonly reason: string }
  | { readonly kind: 'alarm'; readonly alarm: Alarm }
  | { readonly kind: 'bye' };

export interface Alarm {
  /** The rank that is amiss. */
  readonly rank: number;
  /** `rank 1 (node7, process 4711) ended`. */
  readonly what: string;
  /** The error by which that rank ended, where it said it. */
  readonly reason?: string;
}

export interface WatcherOptions {
  readonly place: Place;
  /** Seconds of silence after which a rank is missed. */
  readonly timeout: number;
  /** Seconds between signs of life; default 1. */
  readonly interval?: number;
  /** Something is amiss; `onAlarm` follows, unless it is what this rank found too. */
  readonly onAmiss?: () => void;
  readonly onAlarm: (alarm: Alarm) => void;
  /** Operations that this rank has begun. */
  readonly count: () => number;
  /** The same of another rank, as rank 0 hears it. */
  readonly onCount?: (rank: number, count: number) => void;
}

interface Peer {
  readonly socket: Socket;
  readonly place: Place;
  /** Turns in which nothing was heard. */
  quiet: number;
  hasLeft: boolean;
}

/** Milliseconds for a connection to one address, and for its first line. */
const patience = 3000;
const longest = 8192;
/** Milliseconds in which a rank finds by itself what another one said: then it is no news. */
const news = 600;
/** Milliseconds in which a rank that fails hears whether rank 0 does by the same error. */
const answers = 1500;

const placeName = ({ rank, host, pid }: Place) => `rank ${rank} (${host}, process ${pid})`;

const failed = (place: Place) => ({ rank: place.rank, what: `${placeName(place)} failed` });

const send = (socket: Socket, message: Message) =>
  new Promise<void>((resolve) => {
    if (!socket.writable) resolve();
    else socket.write(`${JSON.stringify(message)}\n`, () => resolve());
  });

function listen(socket: Socket, hear: (message: Message) => void): void {
  socket.setNoDelay(true);
  // a lost connection is heard of by 'close'
  socket.on('error', () => {});
  let open = 0;
  socket.on('data', (chunk: Buffer) => {
    const end = chunk.lastIndexOf(10);
    open = end < 0 ? open + chunk.length : chunk.length - end - 1;
    if (open > longest) socket.destroy();
  });
  const lines = createInterface({ input: socket });
  // it has the socket's errors too
  lines.on('error', () => {});
  lines.on('line', (line) => {
    try {
      hear(JSON.parse(line) as Message);
    } catch {
      socket.destroy();
    }
  });
}

export class Watcher {
  private readonly peers = new Map<number, Peer>();
  private server: Server | undefined;
  private readonly timer: NodeJS.Timeout;
  private hasLeft = false;
  private alarmed = false;
  private reason: string | undefined;
  private agreed = () => {};

  constructor(private readonly options: WatcherOptions) {
    this.timer = setInterval(() => this.turn(), 1000 * (options.interval ?? 1));
    this.timer.unref();
  }

  /** Rank 0: takes connections, on this machine's own address only where all ranks are on it. */
  async open(addresses: readonly string[], isLocal: boolean): Promise<Meeting> {
    const token = randomBytes(16).toString('hex');
    const server = createServer((socket) => this.take(socket, token));
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.on('error', reject);
      server.listen(0, isLocal ? '127.0.0.1' : undefined, resolve);
    });
    server.unref();
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('internal: no port');
    return { addresses: isLocal ? ['127.0.0.1'] : addresses, port: address.port, token };
  }

  private take(socket: Socket, token: string): void {
    let peer: Peer | undefined;
    const stranger = setTimeout(() => socket.destroy(), patience);
    listen(socket, (message) => {
      if (peer) return this.hear(peer, message);
      if (message.kind !== 'hello' || message.hello.token !== token) return socket.destroy();
      clearTimeout(stranger);
      const { rank, host, pid } = message.hello;
      peer = this.add(socket, { rank, host, pid });
      void send(socket, { kind: 'welcome', place: this.options.place });
    });
    socket.on('close', () => clearTimeout(stranger));
  }

  /** The other ranks: whether rank 0 could be reached at one of its addresses. */
  async join({ addresses, port, token }: Meeting): Promise<boolean> {
    for (const host of addresses) if (await this.connect(host, port, token)) return true;
    return false;
  }

  private connect(host: string, port: number, token: string): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = new Socket();
      const late = setTimeout(() => socket.destroy(), patience);
      let peer: Peer | undefined;
      socket.on('close', () => {
        clearTimeout(late);
        resolve(false);
      });
      socket.connect(port, host, () => {
        void send(socket, { kind: 'hello', hello: { ...this.options.place, token } });
      });
      listen(socket, (message) => {
        if (peer) return this.hear(peer, message);
        if (message.kind !== 'welcome') return socket.destroy();
        clearTimeout(late);
        peer = this.add(socket, message.place);
        resolve(true);
      });
    });
  }

  private add(socket: Socket, place: Place): Peer {
    const peer: Peer = { socket, place, quiet: 0, hasLeft: false };
    this.peers.set(place.rank, peer);
    socket.on('close', () => {
      this.peers.delete(place.rank);
      if (!peer.hasLeft) this.alarm({ rank: place.rank, what: `${placeName(place)} ended` });
    });
    return peer;
  }

  private hear(peer: Peer, message: Message): void {
    peer.quiet = 0;
    if (message.kind === 'beat') this.options.onCount?.(peer.place.rank, message.count);
    if (message.kind === 'bye') peer.hasLeft = true;
    if (message.kind === 'alarm') this.alarm(message.alarm);
    if (message.kind === 'reason') this.alarm({ ...failed(peer.place), reason: message.reason });
  }

  /** Turns are counted, not seconds: those in which this process itself was stopped do not count. */
  private turn(): void {
    const { timeout, interval = 1 } = this.options;
    for (const peer of this.peers.values()) {
      void send(peer.socket, { kind: 'beat', count: this.options.count() });
      if (++peer.quiet * interval <= timeout || peer.hasLeft) continue;
      this.alarm({ rank: peer.place.rank, what: `${placeName(peer.place)} gave no sign of life for ${timeout} s` });
    }
  }

  private alarm(alarm: Alarm): void {
    if (alarm.rank === 0 && alarm.reason !== undefined && alarm.reason === this.reason) this.agreed();
    if (this.hasLeft || this.alarmed) return;
    this.alarmed = true;
    this.options.onAmiss?.();
    if (this.options.place.rank === 0) void this.tellAll({ kind: 'alarm', alarm });
    if (alarm.reason === undefined) this.options.onAlarm(alarm);
    else setTimeout(() => alarm.reason !== this.reason && this.options.onAlarm(alarm), news);
  }

  private tellAll(message: Message): Promise<unknown> {
    return Promise.all([...this.peers.values()].map(({ socket }) => send(socket, message)));
  }

  /** Why this rank will end. Resolves with whether rank 0 found the same. */
  async tell(reason: string): Promise<boolean> {
    if (this.hasLeft) return false;
    this.reason = reason;
    this.alarmed = true;
    const { place } = this.options;
    if (place.rank === 0) {
      await this.tellAll({ kind: 'alarm', alarm: { ...failed(place), reason } });
      return false;
    }
    const agreed = new Promise<boolean>((resolve) => {
      this.agreed = () => resolve(true);
      setTimeout(() => resolve(false), answers);
    });
    await this.tellAll({ kind: 'reason', reason });
    return agreed;
  }

  /** For tests: as if this process were stopped. */
  hush(): void {
    clearInterval(this.timer);
  }

  /** For tests: as if this process were killed. */
  break(): void {
    this.alarmed = true;
    for (const { socket } of this.peers.values()) socket.destroy();
  }

  /** This rank ends in an orderly way. */
  async leave(): Promise<void> {
    if (this.hasLeft) return;
    this.hasLeft = true;
    clearInterval(this.timer);
    await this.tellAll({ kind: 'bye' });
    for (const { socket } of this.peers.values()) socket.end();
    this.server?.close();
  }
}
