import { resolve } from 'node:path';
import { type BackgroundSide, joinBackground, startInBackground } from '@highball/daemon';
import { exitCodeOf, messageOf, oneLine } from './errors.ts';
import { heldSignals } from './held-signals.ts';
import type { Launch } from './launch.ts';
import { settingsOf } from './resolve-settings.ts';
import { takePredecessor } from './service/predecessor.ts';
import { Service } from './service/service.ts';
import type { Settings } from './settings.ts';

/** Runs a server until a signal or a command ends it. Resolves when everything has stopped. */
export async function runStack(launch: Launch): Promise<void> {
  const predecessor = takePredecessor();
  const background = joinBackground();
  const settings = settingsOf(launch.origins);
  // An upgraded master is where its predecessor was.
  if (settings.daemon && background === undefined && predecessor === undefined) {
    return goToBackground(settings, launch.startedIn);
  }
  try {
    await serve(new Service(launch, predecessor), background);
  } catch (error) {
    await background?.failed(oneLine(messageOf(error)), exitCodeOf(error));
    throw error;
  }
}

async function serve(service: Service, background: BackgroundSide | undefined): Promise<void> {
  try {
    const report = await service.start();
    if (background && report !== undefined) await background.ready(report);
    else if (report !== undefined) console.log(report);
    await service.stopped;
  } finally {
    await service.close();
  }
}

/** Two boots after one another, the second with what is behind already there: far less than anybody waits. */
const BOOTS = 2;

async function goToBackground({ errorLog, bootTimeout }: Settings, cwd: string): Promise<void> {
  // The server is another process: what ends this one is no success.
  heldSignals().release();
  const { message } = await startInBackground({
    cwd,
    timeoutMs: BOOTS * bootTimeout * 1000,
    ...(errorLog !== '-' && { output: resolve(errorLog) }),
  });
  console.log(message);
}
