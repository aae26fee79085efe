/**
 * Front doors of one supervisor share their listening sockets, so a client's next connection may come to another one. What only
 * one of them has heard and all may be asked for is told to the others, through the supervisor.
 */

export interface ShareMessage {
  readonly type: 'share';
  readonly topic: string;
  readonly payload: unknown;
}

/** In the environment of a front door: which one it is, and of how many, as `2/4`. */
const workerVariable = 'MOORING_WORKER';

export function workerEnv(number: number, of: number): Record<string, string> {
  return { [workerVariable]: `${number}/${of}` };
}

/** Which front door of its supervisor this process is; one of one where nobody says. */
export function readWorker(): { readonly number: number; readonly of: number } {
  const [number = 1, of = 1] = (process.env[workerVariable] ?? '1/1').split('/').map(Number);
  return { number, of };
}

export interface Siblings {
  /** False where there are none. */
  readonly isShared: boolean;
  tell(payload: unknown): void;
  hear(take: (payload: unknown) => void): void;
}

export function openSiblings(topic: string): Siblings {
  return {
    isShared: readWorker().of > 1,
    tell: (payload) => {
      const message: ShareMessage = { type: 'share', topic, payload };
      process.send?.(message);
    },
    hear: (take) => {
      process.on('message', (message: ShareMessage) => {
        if (message.type === 'share' && message.topic === topic) take(message.payload);
      });
    },
  };
}
