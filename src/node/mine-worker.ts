/** Entry file of a mining thread. */

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type MinerWorkerData, runMinerWorker } from '../mining/worker.ts';

runMinerWorker(parentPort as MessagePort, workerData as MinerWorkerData);
