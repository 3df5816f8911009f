/** This project as a contestant: a process started with the task as its argument. */

import { packageVersion } from '../environment.ts';
import { cpuSeconds, peakMemory, serve } from '../serve.ts';
import { prepare } from './program.ts';
import type { Ready, Round, RoundRequest, Task } from './task.ts';

await serve<RoundRequest>(async () => {
  const { program, feeds, ...facts } = await prepare(JSON.parse(process.argv[2]!) as Task);
  const { parameters, nodes, buildSeconds, sessionSeconds } = facts;
  const greeting: Ready = {
    library: 'onnxruntime-node',
    version: packageVersion('onnxruntime-node'),
    ...{ parameters, nodes, buildSeconds, sessionSeconds },
  };
  return {
    greeting,
    async answer({ steps }): Promise<Round> {
      let loss = Number.NaN;
      const cpu = process.cpuUsage();
      const start = performance.now();
      for (let i = 0; i < steps; i++) loss = Number((await program.step(feeds)).loss!.data[0]);
      const seconds = (performance.now() - start) / 1000;
      return { seconds, cpuSeconds: cpuSeconds(cpu), loss, peakBytes: peakMemory() };
    },
  };
});
