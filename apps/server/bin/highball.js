#!/usr/bin/env node
import { importEntry } from './entry.js';

const { main } = await importEntry('cli');
await main(process.argv.slice(2));
