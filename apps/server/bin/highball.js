#!/usr/bin/env node
import { holdSignals } from './held-signals.js';

const args = process.argv.slice(2);
const signals = holdSignals(args);

const { importEntry } = await import('./entry.js');
const { main } = await importEntry('cli');
await main(args, signals);
